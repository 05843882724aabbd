import pytest

from canvass.report.document import report_of
from canvass.simulation.store import read_study
from report.synthetic import write_study


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def study(folder):
    return read_study(folder)


@pytest.fixture(scope="session")
def report(study):
    return report_of(study)


@pytest.fixture(scope="session")
def with_and_without(tmp_path_factory):
    """A study of `--words both`."""
    return read_study(write_study(tmp_path_factory.mktemp("both"), words="both"))


@pytest.fixture(scope="session")
def two_targets(tmp_path_factory):
    """Two targets, one of them `all`, with names that a page must escape."""
    targets = ("domain:<q&a>", "all")
    strategies = {
        targets[0]: ("random", "majority-crf", "random-positive"),
        "all": ("random", "margin-balanced"),
    }
    mended = {"random": 1, "random-positive": 2, "majority-crf": 3, "margin-balanced": 3}
    folder = tmp_path_factory.mktemp("two")
    return read_study(write_study(folder, targets=targets, strategies=strategies, mended=mended, seeds=2))
