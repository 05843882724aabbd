"""A release of a library that words its errors differently fails none of the tests of what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Where most errors of other libraries become sentences: parsers, archives, SQLite, the network.
PLACES = ("corpus", "test_archive.py", "models/test_nlu.py", "annotation/store", "test_files.py")


@pytest.mark.slow
def test_refusals_do_not_rest_on_the_words_of_libraries():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "other_words", "-m", "not slow"]
        + [str(ROOT / "tests" / place) for place in PLACES],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
