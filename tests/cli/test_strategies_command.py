"""`canvass strategies`: the table, for people and for machines."""

import json

from canvass.strategies import STRATEGIES


def test_piped_it_is_a_line_a_strategy(canvass):
    lines = canvass("strategies").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == list(STRATEGIES)
    assert {line.count("\t") for line in lines} == {3}


def test_json(canvass):
    rows = json.loads(canvass("strategies", "--json").out)
    assert [row["strategy"] for row in rows] == list(STRATEGIES)
    assert [row["strategy"] for row in rows if row["default"]] == ["majority-joint"]


def test_on_a_terminal(on_terminal):
    result = on_terminal("strategies")
    assert result.code == 0
    for one in STRATEGIES.values():
        assert f"{one.formula} " in result.text  # not torn
    assert "y_lg" in result.text
    assert max(len(line) for line in result.text.splitlines()) <= 80
