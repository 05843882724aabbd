"""CLINC150's JSON."""

import json

import pytest

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.formats.research import CLINC150 as FORMAT
from canvass.errors import InputError
from canvass.types import Utterance


def read(path, value, bad=None):
    path.write_text(json.dumps(value))
    return list(FORMAT.read(str(path), Columns(), bad or BadLines()))


def test_parts_are_splits_and_nobody_annotated_slots(tmp_path):
    path = tmp_path / "data_full.json"
    value = {"oos_test": [["how deep is the sea", "oos"]], "train": [["pay my bill", "pay_bill"]], "val": []}
    assert read(path, value) == [
        (f"{path}: $.train[0]", Utterance("pay my bill", intent="pay_bill", split="train")),
        (f"{path}: $.oos_test[0]", Utterance("how deep is the sea", intent="oos", split="test")),
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "expected an object with train, val"),
        ([["a", "b"]], "expected an object"),
        ({"train": [["a"]]}, r"\$\.train\[0\] is \['a'\]; expected a list of two strings"),
        ({"train": [["a", 3]]}, r"\$\.train\[0\]\[1\] is 3"),
        ({"train": ["ab"]}, r"\$\.train\[0\] is 'ab'"),
        ({"train": {}}, r"\$\.train is \{\}; expected a list"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, value, words):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / "a.json", value)
    assert str(caught.value).startswith(str(tmp_path / "a.json"))


def test_bad_pairs_are_tolerated(tmp_path):
    bad = BadLines(1)
    assert len(read(tmp_path / "a.json", {"train": [["a", "b"], ["a"]]}, bad)) == 1
    assert bad.count == 1
