"""Parquet as Hugging Face datasets has it: class labels, tokens and tags."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canvass.corpus.formats import format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.huggingface import FORMAT
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.pool import Pool
from canvass.errors import InputError
from canvass.types import Slot, Utterance


def label(*names):
    return {"names": list(names), "_type": "ClassLabel"}


def store(path, columns, features):
    table = pa.table(columns)
    metadata = {
        "huggingface": features if isinstance(features, str) else json.dumps({"info": {"features": features}})
    }
    pq.write_table(table.replace_schema_metadata(metadata), path)


def read(path, columns=Columns(), bad=None):  # noqa: B008 - frozen
    return [utterance for _, utterance in FORMAT.read(str(path), columns, bad or BadLines())]


COLUMNS = {
    "id": ["1", "2", "3"],
    "text": ["to  New York", "stop", "go"],
    "intent": [1, 0, -1],
    "tokens": [["to", "New", "York"], ["stop"], ["go"]],
    "ner_tags": [[0, 1, 2], [0], None],
}
# The three ways in which a list of labels has been written.
LISTS = [
    lambda one: {"feature": one, "_type": "List"},
    lambda one: {"feature": one, "_type": "Sequence"},
    lambda one: [one],
]


@pytest.mark.parametrize("list_of", LISTS)
def test_labels_have_names(tmp_path, list_of):
    path = tmp_path / "a.parquet"
    store(
        path, COLUMNS, {"intent": label("halt", "fly"), "ner_tags": list_of(label("O", "B-city", "I-city"))}
    )
    assert read(path) == [
        Utterance("to  New York", id="1", intent="fly", slots=(Slot(4, 12, "city"),)),
        Utterance("stop", id="2", intent="halt", slots=()),
        Utterance("go", id="3"),
    ]
    assert format_of(str(path)).name == "huggingface"
    assert [
        row["text"] for block in Pool.open([str(path)]).blocks() for row in block.batch.to_pylist()
    ] == COLUMNS["text"]


def test_tokens_alone_and_a_column_called_label(tmp_path):
    path = tmp_path / "a.parquet"
    store(path, {"tokens": COLUMNS["tokens"], "label": [0, 0, -1]}, {"label": label("fly")})
    assert read(path) == [
        Utterance("to New York", intent="fly"),
        Utterance("stop", intent="fly"),
        Utterance("go"),
    ]
    assert [row["text"] for block in Pool.open([str(path)]).blocks() for row in block.batch.to_pylist()] == [
        "to New York",
        "stop",
        "go",
    ]


def test_columns_may_be_named(tmp_path):
    path = tmp_path / "a.parquet"
    store(path, {"utt": ["go"], "topic": [0]}, {"topic": label("fly")})
    columns = Columns(text="utt", intent="topic")
    assert format_of(str(path), columns=columns).name == "huggingface"
    assert read(path, columns) == [Utterance("go", intent="fly")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"intent": [1, 7, 0]}, r"a\.parquet: row 2: field 'intent' is 7; expected -1 to 1"),
        ({"tokens": [["to", "New", "York"], ["stop", "it"], ["go"]]}, r"row 2: 2 tokens have 1 tags"),
        (
            {"tokens": [["to", "York", "New"], ["stop"], ["go"]]},
            r"row 1: the token 'York' does not follow in the text",
        ),
        ({"tokens": [["to", "New", "York"], ["st"], ["go"]]}, r"row 2: the tokens end before 'op'"),
        ({"tokens": [["to", "New", None], ["stop"], ["go"]]}, r"row 1: field 'tokens' has None"),
        ({"ner_tags": [[0, 1, 9], [0], None]}, "row 1: field 'ner_tags' is 9"),
        ({"tokens": ["a", "b", "c"]}, "row 1: field 'tokens' is 'a'; expected a list"),
        ({"text": None}, ""),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    path = tmp_path / "a.parquet"
    columns = COLUMNS | change
    if columns["text"] is None:
        columns = {"intent": [0]}
        words = "column 'text' is missing"
    store(
        path, columns, {"intent": label("halt", "fly"), "ner_tags": LISTS[0](label("O", "B-city", "I-city"))}
    )
    with pytest.raises(InputError, match=words):
        read(path)


@pytest.mark.parametrize(
    "features", ["{", "[]", '"x"', '{"info": 3}', "[" * 5000, '{"info": {"features": [3]}}']
)
def test_damaged_metadata(tmp_path, features):
    path = tmp_path / "a.parquet"
    store(path, {"text": ["go"]}, features)
    assert format_of(str(path)).name == "parquet"
    with pytest.raises(InputError, match="the schema's metadata 'huggingface' is damaged"):
        read(path)


def test_written_files_state_their_features(tmp_path):
    path = tmp_path / "a.parquet"
    some = [
        Utterance("to New York", intent="fly", slots=(Slot(3, 11, "city"),)),
        Utterance("stop", intent="halt"),
    ]
    FORMAT.write_annotated(str(path), some, Losses())
    table = pq.read_table(path)
    assert json.loads(table.schema.metadata[b"huggingface"])["info"]["features"] == {
        "text": {"dtype": "string", "_type": "Value"},
        "intent": label("fly", "halt"),
        "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
        "ner_tags": {"feature": label("O", "B-city", "I-city"), "_type": "Sequence"},
    }
    assert table.to_pylist() == [
        {"text": "to New York", "intent": 0, "tokens": ["to", "New", "York"], "ner_tags": [0, 1, 2]},
        {"text": "stop", "intent": 1, "tokens": ["stop"], "ner_tags": None},
    ]
