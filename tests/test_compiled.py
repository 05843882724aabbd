import os
import subprocess
import sys
from pathlib import Path

import pytest

import canvass.compiled

PROGRAM = """
import logging
import sys
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
sys.path.insert(0, {folder!r})
from canvass import caller
print(caller.twice(3))
"""


def run(folder):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")}
    program = PROGRAM.format(folder=str(folder))
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    ).stdout.strip()


@pytest.mark.slow
def test_a_kernel_is_compiled_anew_when_one_that_it_calls_changes(tmp_path):
    """numba alone would run the old code: the file that holds the calling kernel did not change."""
    package = tmp_path / "canvass"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "compiled.py").write_text(Path(canvass.compiled.__file__).read_text())
    called = "from canvass.compiled import compiled\n@compiled\ndef one(x):\n    return x * {}\n"
    (package / "called.py").write_text(called.format(2))
    (package / "caller.py").write_text(
        "from canvass.compiled import compiled\nfrom canvass.called import one\n"
        "@compiled\ndef twice(x):\n    return one(x)\n"
    )
    first = run(tmp_path).splitlines()
    assert first[0].startswith("compiling for this machine, once")
    assert first[1:] == ["6"]
    assert len(list((tmp_path / "cache").rglob("*.nbi"))) == 2
    assert run(tmp_path) == "6"
    (package / "called.py").write_text(called.format(5))
    assert run(tmp_path).splitlines()[1:] == ["15"]


@pytest.mark.slow
def test_compiled_code_for_a_type_that_is_gone_is_compiled_anew(tmp_path):
    """numba reads the names of the types before it compares the stamps."""
    package = tmp_path / "canvass"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "compiled.py").write_text(Path(canvass.compiled.__file__).read_text())
    caller = """
from typing import NamedTuple
from canvass.compiled import compiled
class {0}(NamedTuple):
    number: int
@compiled
def double(pair):
    return pair.number * 2
def twice(x):
    return double({0}(x))
"""
    for name in ("Pair", "Couple"):
        (package / "caller.py").write_text(caller.format(name))
        assert run(tmp_path).splitlines()[1:] == ["6"]
