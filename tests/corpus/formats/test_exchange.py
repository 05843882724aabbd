"""The formats of other tools: their own examples, how each is recognised, and the sentence for each damage."""

import copy
import json

import pytest

from canvass.corpus.formats import FORMATS, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.labelled import is_unlabelled, read_labelled
from canvass.corpus.pool import Pool
from canvass.errors import InputError
from exchange_samples import SAMPLES, zipped

BY_NAME = {row.name: row for row in FORMATS}
FIELDS = Columns()
EVERY = pytest.mark.parametrize("name", SAMPLES)


@pytest.fixture
def stored(tmp_path):
    def store(name, data=None):
        file, own, _ = SAMPLES[name]
        path = tmp_path / file
        path.write_bytes(own if data is None else data)
        return str(path)

    return store


def read(name, path, bad=None, columns=FIELDS):
    return [utterance for _, utterance in BY_NAME[name].read(path, columns, bad or BadLines())]


@EVERY
def test_the_sample_is_recognised_and_reads_as_it_should(stored, name):
    path = stored(name)
    assert format_of(path).name == name
    assert read(name, path) == SAMPLES[name][2]
    labelled = [row for row in SAMPLES[name][2] if not is_unlabelled(row, slots_alone=False)]
    assert list(read_labelled([path]).utterances) == labelled


@EVERY
def test_the_sample_is_a_pool_too(stored, name):
    texts = [row["text"] for block in Pool.open([stored(name)]).blocks() for row in block.batch.to_pylist()]
    assert set(texts) >= {one.text for one in SAMPLES[name][2]}


@EVERY
def test_under_another_extension_the_content_tells(stored, tmp_path, name):
    path = tmp_path / "export.data"
    path.write_bytes(SAMPLES[name][1])
    assert format_of(str(path)).name == name


@EVERY
def test_no_other_format_claims_the_sample(stored, name):
    from canvass.corpus.formats.sniffing import sample_of

    sample = sample_of(stored(name))
    assert [row.name for row in FORMATS if row.sniff is not None and row.sniff(sample)] == [name]


@pytest.mark.parametrize(
    "record",
    [
        {"text": "a", "entities": [{"start": 0, "end": 1, "label": "x"}]},
        {"text": "a", "intent": "x", "slots": [{"start": 0, "end": 1, "label": "z"}], "label": ["y"]},
        {"text": "a", "label": "x"},
        {"text": "a", "answer": "42"},
    ],
)
def test_ordinary_json_lines_are_no_export(tmp_path, record):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(record) + "\n")
    assert format_of(str(path)).name == "jsonl"


def changed(content, path, value):
    """Copy a JSON value with another value at a path; `...` takes the member away."""
    content = copy.deepcopy(content)
    place = content
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


UTTERANCE = ("assets", "utterances", 0)
DAMAGES = [
    ("clu", (*UTTERANCE, "entities", 0, "offset"), 1, "$.assets.utterances[0].entities[0]: 'genre' goes from 1 to 5, which is no part"),
    ("clu", (*UTTERANCE, "entities", 0, "length"), 99, "expected offsets in UTF-16 code units"),
    ("clu", (*UTTERANCE, "entities", 0, "length"), "4", "$.assets.utterances[0].entities[0].length is '4'; expected a whole number"),
    ("clu", (*UTTERANCE, "entities", 0, "category"), "", "category is ''; expected a string that is not empty"),
    ("clu", (*UTTERANCE, "entities"), {}, "$.assets.utterances[0].entities is {}; expected a list"),
    ("clu", (*UTTERANCE, "text"), None, "$.assets.utterances[0]: field 'text' is missing or null (the object has: text, intent"),
    ("clu", (*UTTERANCE, "intent"), 3, "$.assets.utterances[0]: field 'intent' is 3; expected a string or null"),
    ("clu", (*UTTERANCE,), 7, "$.assets.utterances[0] is 7; expected an object"),
    ("clu", ("stringIndexType",), "TextElements_v8", "$.stringIndexType is 'TextElements_v8'; expected one of Utf16CodeUnit"),
    ("clu", ("assets", "utterances"), ..., "$.assets: field 'utterances' is missing"),
    ("luis", ("utterances", 0, "entities", 0, "endPos"), 12, "$.utterances[0].entities[0] (endPos is inclusive): 'genre' goes from 8 to 13"),
    ("luis", ("utterances", 0, "entities", 0, "entity"), ..., "$.utterances[0].entities[0]: field 'entity' is missing or null"),
    ("luis", ("utterances", 0, "entities", 0, "role"), 4, "$.utterances[0].entities[0].role is 4; expected a string"),
    ("luis", ("utterances",), None, ": field 'utterances' is missing"),
    ("wit", ("utterances", 0, "entities", 0, "start"), 2, "entities[0].body is 'jazz', but from 2 to 11 the text '😀 play jazz' has 'play jazz'"),
    ("wit", ("utterances", 0, "entities", 0, "end"), 99, "has nothing; expected offsets in code points"),
    ("wit", ("utterances", 0, "intent"), ["x"], "$.utterances[0].intent is ['x']; expected a string"),
    ("wit", ("utterances", 1, "text"), 5, "$.utterances[1].text is 5; expected a string"),
    ("label-studio", (0, "annotations", 0, "result", 1, "value", "start"), 1, "result[1].value.text is 'jazz', but from 1 to 12"),
    ("label-studio", (0, "annotations", 0, "result", 1, "value", "start"), "/div[1]", "value.start is '/div[1]'; expected a whole number"),
    ("label-studio", (0, "annotations", 0, "result", 1, "value", "labels"), ["a", "b"], "value.labels is ['a', 'b']; expected one label"),
    ("label-studio", (0, "annotations", 0, "result", 0, "value", "choices"), ["a", "b"], "value.choices is ['a', 'b']; expected one choice, the intent"),
    ("label-studio", (0, "annotations", 0, "result"), 3, "$[0].annotations[0].result is 3; expected a list"),
    ("label-studio", (0, "annotations", 0, "was_cancelled"), "no", "$[0].annotations[0].was_cancelled is 'no'; expected true or false"),
    ("label-studio", (0, "data", "text"), ..., "$[0].data: field 'text' is missing (the record has: canvass_id"),
    ("label-studio", (0, "data", "text"), ["a"], "$[0].data: field 'text' is ['a']; expected a string"),
    ("label-studio", (1, "data"), None, "$[1]: field 'data' is missing or null"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path", "value", "words"),
    DAMAGES,
    ids=[f"{row[0]}-{index}" for index, row in enumerate(DAMAGES)],
)
def test_a_damage_is_named_with_its_json_path(stored, name, path, value, words):
    content = changed(json.loads(SAMPLES[name][1]), path, value)
    file = stored(name, json.dumps(content).encode())
    with pytest.raises(InputError) as caught:
        read(name, file)
    assert str(caught.value).startswith(f"{file}: ")
    assert words in str(caught.value)
    if any(isinstance(key, int) for key in path):
        # One bad record can be tolerated, and is all that is missing.
        bad = BadLines(1)
        assert len(read(name, file, bad)) == len(SAMPLES[name][2]) - 1
        assert bad.count == 1


LINE_DAMAGES = [
    ("prodigy", 0, ("spans", 0, "token_end"), 3, "$.spans[0]: token_start 2 and token_end 3 (inclusive) are not among the 3 tokens"),
    ("prodigy", 0, ("spans", 0, "token_start"), 1, "start and end are (7, 11), but its tokens, token_end inclusive, go from 2 to 11"),
    ("prodigy", 0, ("spans", 0, "end"), 12, "start and end are (7, 12), but its tokens"),
    ("prodigy", 0, ("spans", 0, "label"), ..., "$.spans[0]: field 'label' is missing or null"),
    ("prodigy", 0, ("accept",), ["a", "b"], "$.accept is ['a', 'b']; expected at most one option, the intent"),
    ("prodigy", 0, ("answer",), "maybe", "$.answer is 'maybe'; expected accept, reject, ignore"),
    ("prodigy", 0, ("text",), ..., ": field 'text' is missing or null"),
    ("doccano", 0, ("entities", 0), [7, 11], "$.entities[0] is [7, 11]; expected start, end and label"),
    ("doccano", 0, ("entities", 0), [7, 12, "genre"], "$.entities[0]: 'genre' goes from 7 to 12, which is no part of the text"),
    ("doccano", 0, ("entities", 0, 2), None, "$.entities[0][2] is None; expected a string that is not empty"),
    ("doccano", 0, ("entities", 0), {"start_offset": 1, "label": "x"}, "$.entities[0]: field 'end_offset' is missing"),
    ("doccano", 0, ("cats",), ["a", "b"], "$.cats is ['a', 'b']; expected at most one class, the intent"),
    ("doccano", 1, ("count",), 0, ": field 'count' is 0; expected a whole number of at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(
    "damage", LINE_DAMAGES, ids=[f"{row[0]}-{index}" for index, row in enumerate(LINE_DAMAGES)]
)
def test_a_damage_is_named_with_its_line_and_path(stored, damage):
    name, line, path, value, words = damage
    rows = SAMPLES[name][1].decode().splitlines()
    rows[line] = json.dumps(changed(json.loads(rows[line]), path, value))
    file = stored(name, "\n".join(rows).encode())
    with pytest.raises(InputError) as caught:
        read(name, file)
    assert str(caught.value).startswith(f"{file}:{line + 1}: ")
    assert words in str(caught.value)
    bad = BadLines(1)
    assert len(read(name, file, bad)) == len(SAMPLES[name][2]) - 1


@pytest.mark.parametrize("name", ["clu", "luis", "wit", "label-studio"])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", " at line 1, column 1); get the file anew"),
        (b'[\n{"text": }]', " at line 2, column 10); get the file anew"),
        (b'{"text": "\xff"}', "not valid UTF-8 at byte 10; write the file as UTF-8"),
        (b"[" * 200_000, "JSON is nested too deep"),
        (b"3", "is 3; expected a"),
    ],
)
def test_what_is_no_json_document(stored, name, data, words):
    path = stored(name, data)
    with pytest.raises(InputError) as caught:
        read(name, path)
    assert str(caught.value).startswith(path)
    assert words in str(caught.value)


def test_a_document_may_have_a_byte_order_mark_and_be_compressed(tmp_path):
    import gzip

    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + SAMPLES["luis"][1]))
    assert read("luis", str(path)) == SAMPLES["luis"][2]
    assert format_of(str(path)).name == "luis"


def test_a_document_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    import gzip

    monkeypatch.setattr("canvass.corpus.formats.located.LARGEST_DOCUMENT", 1 << 20)
    monkeypatch.setattr("canvass.corpus.formats.sources.LARGEST_CHUNK", 1 << 16)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b" " * (8 << 20)))
    with pytest.raises(InputError, match="larger than 1 MB; cut the file into several"):
        read("clu", str(path))


def lost(name, path, columns=FIELDS):
    bad = BadLines(losses=Losses())
    found = read(name, path, bad, columns)
    return found, {
        what: (loss.count, loss.first.removeprefix(path)) for what, loss in bad.losses.found.items()
    }


def test_luis_keeps_the_outermost_of_nested_entities(stored):
    app = json.loads(SAMPLES["luis"][1])
    app["patterns"] = [{"pattern": "play {genre}", "intent": "play_music"}]
    app["utterances"] = [
        {
            "text": "fly to Paris",
            "intent": "fly",
            "entities": [
                {"entity": "city", "startPos": 7, "endPos": 11},
                {
                    "entity": "trip",
                    "startPos": 4,
                    "endPos": 11,
                    "children": [{"entity": "to", "startPos": 4, "endPos": 5}],
                },
            ],
        },
        {"text": "no labels", "intent": "None"},
    ]
    found, losses = lost("luis", stored("luis", json.dumps(app).encode()))
    assert [[slot.label for slot in one.slots or ()] for one in found] == [["trip"], []]
    assert found[1].slots is None
    assert losses == {
        "patterns, which are templates and no utterances": (1, ": $.patterns"),
        "entities inside of others": (2, ": $.utterances[0].entities[1]"),
    }


def test_wit_as_its_api_lists_utterances(stored):
    content = [
        {
            "text": "😀 fly to Paris",
            "intent": {"id": "1", "name": "fly"},
            "entities": [
                {
                    "id": "2",
                    "name": "wit$location",
                    "role": "location",
                    "start": 10,
                    "end": 15,
                    "body": "Paris",
                    "entities": [{}],
                }
            ],
            "traits": [{"name": "wit$sentiment", "value": "positive"}],
        }
    ]
    path = stored("wit", json.dumps(content).encode())
    assert format_of(path).name == "wit"
    found, losses = lost("wit", path)
    # The offsets are UTF-16 code units here, as the words of the entity tell.
    assert [(slot.start, slot.end, slot.label) for slot in found[0].slots] == [(9, 14, "wit$location")]
    assert found[0].intent == "fly"
    assert set(losses) == {"traits", "entities inside of others"}


def test_wit_without_the_words_of_entities(stored):
    content = {
        "utterances": [{"text": "fly to Paris", "entities": [{"entity": "city", "start": 7, "end": 12}]}]
    }
    found = read("wit", stored("wit", json.dumps(content).encode()))
    assert [(slot.start, slot.end, slot.label) for slot in found[0].slots] == [(7, 12, "city")]


def test_lex_tells_which_templates_have_slots_without_values(stored):
    intent = {
        "name": "Wake",
        "sampleUtterances": [{"utterance": "wake me at {When}"}, {"utterance": "wake me"}],
    }
    slot = {"name": "When", "slotTypeName": "AMAZON.Time"}
    members = {"Intents/Wake/Intent.json": intent, "Intents/Wake/Slots/When/Slot.json": slot}
    found, losses = lost("lex", stored("lex", zipped(members)))
    assert [utterance.text for utterance in found] == ["wake me"]
    (words,) = losses
    assert words == "templates with slots whose values are not in the files"
    where = ": Intents/Wake/Intent.json: $.sampleUtterances[0].utterance"
    assert losses[words] == (1, f"{where}: AMAZON.Time does not say what the slot 'When' can be")
    del members["Intents/Wake/Slots/When/Slot.json"]
    with pytest.raises(InputError, match="the slot 'When' is not among the intent's"):
        read("lex", stored("lex", zipped(members)))


def test_lex_of_one_locale(stored):
    data = zipped({"Intents/Stop/Intent.json": {"name": "Stop", "sampleUtterances": [{"utterance": "stop"}]}})
    assert [one.intent for one in read("lex", stored("lex", data))] == ["Stop"]


def test_dialogflow_templates_languages_and_intents_without_a_file(stored):
    data = zipped(
        {
            "agent/intents/fly_usersays_en.json": [
                {"data": [{"text": "fly to @city:to"}], "isTemplate": True},
                {"data": [{"text": "", "alias": "x", "meta": "@y"}, {"text": "go"}], "count": 3},
            ],
            "agent/intents/fly_usersays_zh-cn.json": [
                {"data": [{"text": "飞", "alias": "", "meta": "@verb"}]}
            ],
        }
    )
    path = stored("dialogflow", data)
    found, losses = lost("dialogflow", path)
    assert [(one.text, one.intent) for one in found] == [
        ("fly to @city:to", "fly"),
        ("go", "fly"),
        ("飞", "fly"),
    ]
    assert [one.slots and [slot.label for slot in one.slots] for one in found] == [None, (), ["verb"]]
    assert [utterance.count for utterance in found] == [1, 3, 1]
    assert set(losses) == {
        "the words that fill the slots of templates",
        "entities whose name is not the parameter's",
        "slots without words",
    }


@pytest.mark.parametrize(
    ("name", "members", "words"),
    [
        (
            "dialogflow",
            {"intents/a.json": {"userSays": [1], "name": "a"}},
            "intents/a.json: $.userSays[0] is 1; expected an object",
        ),
        (
            "dialogflow",
            {"intents/a.json": {"userSays": [{"data": [{"meta": "@x"}]}], "name": "a"}},
            "$.userSays[0].data[0]: field 'text' is missing",
        ),
        (
            "dialogflow",
            {"intents/a.json": {"userSays": []}},
            "intents/a.json: field 'name' is missing or null",
        ),
        ("dialogflow", {"intents/a.json": b"{"}, "intents/a.json: not valid JSON"),
        (
            "dialogflow",
            {"agent.json": {}},
            "the archive has no intents/*.json; expected the export of a Dialogflow ES agent",
        ),
        (
            "lex",
            {"Intents/A/Intent.json": {"name": "A", "sampleUtterances": ["x"]}},
            "$.sampleUtterances[0] is 'x'; expected an object",
        ),
        (
            "lex",
            {"Intents/A/Intent.json": {"sampleUtterances": []}},
            "Intents/A/Intent.json: field 'name' is missing",
        ),
        (
            "lex",
            {"Intents/A/Intent.json": {"name": "A", "sampleUtterances": {}}},
            "$.sampleUtterances is {}; expected a list",
        ),
        ("lex", {"manifest.json": {}}, "the archive has no Intents/*/Intent.json"),
        ("lex", {"../Intents/A/Intent.json": {}}, "leads out of the archive"),
    ],
)
def test_damaged_archives(stored, name, members, words):
    path = stored(name, zipped(members))
    with pytest.raises(InputError) as caught:
        read(name, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["dialogflow", "lex"])
def test_what_is_no_archive(stored, name):
    path = stored(name, b"PK\x03\x04 and nothing else")
    with pytest.raises(InputError, match="not a zip archive, or a damaged one"):
        read(name, path)


def test_clu_counts_code_points_where_it_says_so(stored):
    project = json.loads(SAMPLES["clu"][1])
    project["stringIndexType"] = "UnicodeCodePoint"
    project["assets"]["utterances"][0]["entities"][0]["offset"] = 7
    assert read("clu", stored("clu", json.dumps(project).encode())) == SAMPLES["clu"][2]
