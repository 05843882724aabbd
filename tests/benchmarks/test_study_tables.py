"""The tables of the published study with word features, from the synthetic study, whose answers are known."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.study.study_tables import Place, answers, with_words, words_by_target

from report.synthetic import TARGET, write_study


@pytest.fixture(scope="module")
def spots(tmp_path_factory):
    folder = write_study(tmp_path_factory.mktemp("studies") / "snips-100-both", words="both")
    return [Place(folder, TARGET, 100, {})]


def cells(table):
    table = table.replace("\N{NO-BREAK SPACE}", " ")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {line[0]: line[1:] for line in lines}


def test_each_strategy_is_compared_with_its_like(spots):
    # Of 120, wrong with word features: 8, 12, 16, 20; without: 16, 18, 20, 22.
    rows = cells(with_words(spots))
    means = {name: [cell.split(";")[0] for cell in row] for name, row in rows.items()}
    assert means["majority-joint"][:4] == ["−20 %", "−50 %", "−50 %", "−60 %"]
    assert means["majority-crf"][:4] == ["−10 %", "−25 %", "−33 %", "−40 %"]
    assert means["random-positive"][:4] == ["", "", "−20 %", "−20 %"]
    assert list(rows)[2:] == ["majority-joint", "majority-crf", "random-positive", "random"]


def test_errors_by_target_are_those_without_and_with(spots):
    row = cells(words_by_target(spots))[TARGET]
    assert row[:3] == ["18.3 %, 16.7 %", "16.7 %, 13.3 %", "13.3 %, 6.7 %"]
    assert [cell.strip("*").split(" (")[0] for cell in row[3:]] == ["−20 %", "−50 %", "−50 %", "−60 %"]


def test_the_study_with_word_features_is_found(spots):
    tables = "\n".join(answers(spots[0].folder.parent))
    assert with_words(spots) in tables
    assert words_by_target(spots) in tables
