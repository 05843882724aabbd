"""Whole projects of assistants as their tools write them, with all that may be in them; and their round trips."""

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canvass.corpus.formats import files_of, format_of
from canvass.corpus.formats.choice import annotated_utterances
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.expansion import MOST
from canvass.corpus.formats.losses import BadLines, Losses, carried
from canvass.corpus.pool import Pool
from canvass.errors import InputError
from canvass.types import Slot, Utterance


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            words = (
                content
                if isinstance(content, (str, bytes))
                else json.dumps(content, ensure_ascii=False, indent=1)
            )
            path.write_bytes(words if isinstance(words, bytes) else words.encode())

    return write


def read(name, *, skip_bad=0, strict=False):
    losses = Losses(strict)
    bad = BadLines(skip_bad, losses=losses)
    files = files_of([name], None, None, bad, annotated=True)
    found = [row for file in files for _, row in annotated_utterances(file, None, Columns(), bad)]
    return found, losses, bad


def told(losses):
    return {what: loss.count for what, loss in losses.found.items()}


def said(utterances):
    return [
        (row.text, row.intent, [(row.text[slot.start : slot.end], slot.label) for slot in row.slots])
        for row in utterances
    ]


def packed(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent))


# Alexa

SKILL = {
    "interactionModel": {
        "languageModel": {
            "invocationName": "city lights",
            "modelConfiguration": {"fallbackIntentSensitivity": {"level": "LOW"}},
            "intents": [
                {"name": "AMAZON.HelpIntent", "samples": []},
                {
                    "name": "LightIntent",
                    "slots": [
                        {"name": "room", "type": "Room", "samples": ["the {room}"]},
                        {"name": "level", "type": "AMAZON.NUMBER"},
                        {"name": "state", "type": "State"},
                    ],
                    "samples": ["turn {state} the {room} light", "{room}", "set the {room} to {level} percent", "what's on (now)"],
                },
                {"name": "SearchIntent", "slots": [{"name": "query", "type": "AMAZON.SearchQuery"}], "samples": ["find {query}"]},
            ],
            "types": [
                {"name": "Room", "values": [{"id": "k", "name": {"value": "kitchen", "synonyms": ["cook's room"]}}, {"name": {"value": "hall"}}]},
                {"name": "State", "values": [{"name": {"value": "on", "synonyms": []}}, {"name": {"value": "off"}}]},
                {"name": "Song", "valueSupplier": {"type": "CatalogValueSupplier", "valueCatalog": {"catalogId": "c", "version": "1"}}},
            ],
        },
        "dialog": {"intents": []},
        "prompts": [],
    },
    "version": "1",
}  # fmt: skip


def test_a_skill_of_alexa(store):
    store(
        {
            "skill/skill-package/interactionModels/custom/en-US.json": SKILL,
            "skill/skill-package/skill.json": {"manifest": {}},
            "skill/lambda/index.js": "//",
        }
    )
    found, losses, _ = read("skill")
    rooms = ["kitchen", "cook's room", "hall"]
    assert said(found) == [
        *((f"turn {state} the {room} light", "LightIntent", [(state, "state"), (room, "room")]) for room in rooms for state in ("on", "off")),
        *((room, "LightIntent", [(room, "room")]) for room in rooms),
        ("what's on (now)", "LightIntent", []),
    ]  # fmt: skip
    assert told(losses) == {
        "values in catalogues elsewhere": 1,
        "samples that answer the question for a slot": 1,
        "templates with slots whose values are not in the files": 2,
        "the field 'modelConfiguration' of the file": 1,
        "the field 'dialog' of the file": 1,
    }
    assert losses.passed_over == ["skill/lambda/index.js", "skill/skill-package/skill.json"]
    texts = [row["text"] for block in Pool.open(["skill"]).blocks() for row in block.batch.to_pylist()]
    assert texts == [row.text for row in found]


def test_the_model_alone_and_what_is_wrong_in_it(store):
    model = {"languageModel": {"intents": [{"name": "A", "samples": ["go {x}", "stay"]}, {"samples": ["b"]}]}}
    store({"m.json": model})
    assert format_of("m.json").name == "alexa"
    with pytest.raises(InputError, match=r"samples\[0\]: the slot 'x' is not among the intent's"):
        read("m.json")
    found, _, bad = read("m.json", skip_bad=2)
    assert (said(found), bad.count) == ([("stay", "A", [])], 2)


def test_templates_are_expanded_within_a_bound_and_always_alike(store):
    values = [{"name": {"value": f"room {number}"}} for number in range(90)]
    intents = [
        {
            "name": "A",
            "slots": [{"name": "x", "type": "T"}, {"name": "y", "type": "T"}],
            "samples": ["from {x} to {y}"],
        }
    ]
    store({"m.json": {"languageModel": {"intents": intents, "types": [{"name": "T", "values": values}]}}})
    found, losses, _ = read("m.json")
    assert len(set(found)) == len(found) == MOST
    assert told(losses) == {f"expansions of templates (at most {MOST} of each are made)": 90 * 90 - MOST}
    assert read("m.json")[0] == found
    assert len({row.slots[0].start + len(row.text) for row in found}) > 1


words = st.lists(
    st.sampled_from(
        ["play", "jazz", "a-b", "it's", "(now)", "a|b", "x;y", "[z]", "5$", "<b>", "\\", "歌", "{"]
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def utterances(draw):
    pieces = draw(words)
    text = " ".join(pieces)
    slots = []
    at = 0
    for piece in pieces:
        if draw(st.booleans()) and (not slots or slots[-1].end < at):
            slots.append(
                Slot(at, at + len(piece), draw(st.sampled_from(["genre", "room", "a_b", "q:r", "B2"])))
            )
        at += len(piece) + 1
    return Utterance(
        text,
        domain=draw(st.sampled_from(["music", "home", None, "a/b"])),
        intent=draw(st.sampled_from(["Play", "Stop", "a_b", "AMAZON.StopIntent", None, "x y"])),
        slots=tuple(slots),
        split=draw(st.sampled_from(["train", "test", "train", None, "dev"])),
    )


def template(row):
    text = row.text
    for slot in reversed(row.slots):
        text = f"{text[: slot.start]}{{{slot.label}}}{text[slot.end :]}"
    return row.intent, text


@pytest.mark.slow
@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(given_rows=st.lists(utterances(), max_size=5))
def test_what_is_written_for_alexa_stands_for_the_utterances(tmp_path, given_rows):
    path = str(tmp_path / "model.json")
    kind = format_of(path, "alexa")
    losses = Losses()
    kind.write_annotated(path, carried(given_rows, kind.carries, losses), losses)
    back = [row for _, row in kind.read(path, Columns(), BadLines())]
    words_of = {(slot.label, row.text[slot.start : slot.end]) for row in given_rows for slot in row.slots}
    assert {template(row) for row in back} <= {template(row) for row in given_rows}
    assert {(slot.label, row.text[slot.start : slot.end]) for row in back for slot in row.slots} <= words_of
    left = [what for what in losses.found if not what.startswith(("the field", "which of a slot's words"))]
    if not left:
        assert {template(row) for row in back} == {template(row) for row in given_rows}
    if not losses.found:
        assert {(row.text, row.intent, row.slots) for row in back} == {
            (row.text, row.intent, row.slots) for row in given_rows
        }


# Rasa 1

RASA_1 = """## intent:greet
- hey
* hello [Ann](name:anna) <!-- a comment -->
- from [Paris]{"entity": "city", "role": "from"} to [Rome](city)

<!--
- not this
-->
## synonym:anna
- Ann
## regex:zip
- [0-9]{5}
## lookup:city
data/cities.txt

## intent:bye
- bye
"""


def test_a_project_of_rasa_1(store):
    examples = [
        {
            "text": "go to Rome",
            "intent": "go",
            "entities": [{"start": 6, "end": 10, "value": "rome", "entity": "city", "role": "to"}],
        },
        {"text": "no intent"},
    ]
    store(
        {
            "p/domain.yml": "intents: [greet]\n",
            "p/config.yml": "language: en\n",
            "p/requirements.txt": "rasa==1.10\n",
            "p/data/nlu.md": RASA_1,
            "p/data/stories.md": "## happy path\n* greet\n  - utter_greet\n",
            "p/data/cities.txt": "Rome\nParis\n",
            "p/data/nlu.json": {
                "rasa_nlu_data": {
                    "common_examples": examples,
                    "regex_features": [{"name": "zip", "pattern": "x"}],
                    "lookup_tables": [],
                }
            },
        }
    )
    found, losses, _ = read("p")
    assert said(found) == [
        ("go to Rome", "go", [("Rome", "city:to")]),
        ("no intent", None, []),
        ("hey", "greet", []),
        ("hello Ann", "greet", [("Ann", "name")]),
        ("from Paris to Rome", "greet", [("Paris", "city:from"), ("Rome", "city")]),
        ("bye", "bye", []),
    ]
    assert told(losses) == {
        "items of regex_features": 1,
        "values of entities (synonyms)": 2,
        "sections of the kind synonym": 1,
        "sections of the kind regex": 1,
        "sections of the kind lookup": 1,
        "comments": 2,
    }
    assert losses.passed_over == [
        "p/config.yml",
        "p/domain.yml",
        "p/requirements.txt",
        "p/data/cities.txt",
        "p/data/stories.md",
    ]


def test_what_is_wrong_in_markdown(store):
    store({"nlu.md": "## intent:a\n- [b]{x}\nloose\n- c\n## intent:\n"})
    with pytest.raises(InputError, match=r"nlu.md:2: '\{x\}' is not valid JSON"):
        read("nlu.md")
    found, _, bad = read("nlu.md", skip_bad=3)
    assert (said(found), bad.count) == ([("c", "a", [])], 3)
    assert bad.first.startswith("nlu.md:2")


# JSON

RECORDS = {
    "doccano": ([{"id": 1, "text": "go to Rome", "label": [[6, 10, "city"]]}, {"id": 2, "text": "go", "label": []}], [("go to Rome", None, [("Rome", "city")]), ("go", None, [])]),
    "Prodigy": ([{"text": "go to Rome", "spans": [{"start": 6, "end": 10, "label": "city"}], "answer": "accept"}, {"text": "x", "answer": "reject"}], [("go to Rome", None, [("Rome", "city")])]),
    "our own names": ([{"text": "go", "intent": "go", "slots": []}], [("go", "go", [])]),
    "pandas, by columns": ({"text": {"0": "go", "1": "halt"}, "intent": {"0": "go", "1": "stop"}, "slots": {"0": [], "1": []}}, [("go", "go", []), ("halt", "stop", [])]),
    "pandas, lists": ({"text": ["go", "halt"], "intent": ["go", "stop"], "slots": [[], []]}, [("go", "go", []), ("halt", "stop", [])]),
    "tokens": ([{"id": "0", "tokens": ["go", "to", "Rome"], "ner_tags": ["O", "O", "B-city"]}], [("go to Rome", None, [("Rome", "city")])]),
    "tokens without B and I": ([{"words": ["go", "to", "Rome"], "tags": ["O", "O", "city"]}], [("go to Rome", None, [("Rome", "city")])]),
}  # fmt: skip


@pytest.mark.parametrize("kind", RECORDS)
def test_lists_of_records(store, kind):
    content, expected = RECORDS[kind]
    store({"a.json": content})
    assert format_of("a.json").name == "json"
    assert said(read("a.json")[0]) == expected
    if isinstance(content, list) and "tokens" in content[0]:
        store({"a.jsonl": "".join(json.dumps(record) + "\n" for record in content)})
        assert said(read("a.jsonl")[0]) == expected


def test_what_is_lost_and_wrong_in_records(store):
    store(
        {
            "a.json": [{"text": "go", "label": "x"}],
            "b.json": [{"tokens": ["a", "b"], "ner_tags": ["O"]}],
            "c.json": [{"tokens": ["a"], "ner_tags": [3]}],
        }
    )
    assert told(read("a.json")[1]) == {"the field 'label' of the file": 1}
    with pytest.raises(InputError, match=r"b.json: \$\[0\]: 2 tokens have 1 tags"):
        read("b.json")
    with pytest.raises(InputError, match=r"c.json: \$\[0\]: field 'ner_tags' has 3; expected strings"):
        read("c.json")


# fastText


def test_lines_of_fasttext(store):
    store(
        {
            "train.txt": "__label__greet hi there\n__label__a, __label__b two\nnone\n\n__label__x y __label__z\n"
        }
    )
    found, losses, _ = read("train.txt")
    assert [(row.text, row.intent, row.slots) for row in found] == [
        ("hi there", "greet", None), ("two", "a", None), ("none", None, None), ("y __label__z", "x", None)
    ]  # fmt: skip
    assert told(losses) == {"labels after the first": 1, "labels behind the text (they stay in it)": 1}


# Dialogflow CX

CX = {
    "agent.json": {"displayName": "bot", "defaultLanguageCode": "en"},
    "intents/book room/book room.json": {"name": "1", "displayName": "book room", "parameters": [{"id": "city", "entityType": "@sys.geo-city"}]},
    "intents/book room/trainingPhrases/en.json": {
        "trainingPhrases": [
            {"id": "p1", "parts": [{"text": "a room in "}, {"text": "Rome", "parameterId": "city", "auto": True}], "repeatCount": 2, "languageCode": "en"},
            {"id": "p2", "parts": [{"text": "book"}], "repeatCount": 1, "languageCode": "en"},
        ]
    },
    "intents/book room/trainingPhrases/zh-cn.json": {"trainingPhrases": [{"id": "p3", "parts": [{"text": "订"}], "languageCode": "zh-cn"}]},
    "intents/old/old.json": {"displayName": "old", "trainingPhrases": [{"parts": [{"text": "inline"}]}]},
    "entityTypes/size/size.json": {"displayName": "size", "kind": "KIND_MAP"},
    "entityTypes/size/entities/en.json": {"entities": [{"value": "big", "synonyms": ["large"]}]},
    "flows/Default Start Flow/Default Start Flow.json": {"displayName": "Default Start Flow"},
}  # fmt: skip


def test_an_agent_of_dialogflow_cx(store, tmp_path):
    store({f"bot/{name}": content for name, content in CX.items()})
    packed(tmp_path / "bot", tmp_path / "bot.zip")
    for name, where in (
        ("bot", "bot/entityTypes/size/entities/en.json"),
        ("bot.zip", "bot.zip: bot/entityTypes/size/entities/en.json"),
    ):
        assert format_of(name).name == "dialogflow-cx"
        found, losses, _ = read(name)
        assert found == [
            Utterance("inline", intent="old", slots=()),
            Utterance("a room in Rome", id="p1", count=2, intent="book room", slots=(Slot(10, 14, "city"),)),
            Utterance("book", id="p2", intent="book room", slots=()),
            Utterance("订", id="p3", intent="book room", slots=()),
        ]
        assert where in losses.passed_over
        assert len(losses.passed_over) == 4


def test_what_is_wrong_in_an_agent(store):
    phrases = {"trainingPhrases": [{"parts": [{"words": "x"}]}, {"parts": [{"text": "y"}]}]}
    store(
        {
            "b/intents/a/trainingPhrases/en.json": phrases,
            "b/intents/a/a.json": {"displayName": "a"},
            "b/intents/c/trainingPhrases/en.json": phrases,
        }
    )
    with pytest.raises(
        InputError,
        match=r"b/intents/a/trainingPhrases/en.json: \$.trainingPhrases\[0\].parts\[0\]: field 'text'",
    ):
        read("b")
    found, _, bad = read("b", skip_bad=2)
    assert (said(found), bad.count) == ([("y", "a", [])], 2)
    with pytest.raises(InputError, match="the intent of these phrases, intents/c/"):
        read("b", skip_bad=1)


# MindMeld

MINDMELD = {
    "app/__init__.py": "",
    "app/config.py": "x = 1\n",
    "app/domains/home/dim/train.txt": "dim the {guest bath|place} by {20 percent|amount|by}\n\n# a comment\nlights off\n",
    "app/domains/home/dim/test.txt": "dim it\n",
    "app/domains/shop/intents/pay/train.txt": "pay by {card|means}\n",
    "app/domains/shop/intents/train.txt": "an intent of this name\n",
    "app/domains/food/order/train-01.txt": "[{two|quantity} {pizzas|dish}|dish] please \\{now\\}\n",
    "app/entities/place/gazetteer.txt": "100\tguest bath\n",
}


def test_an_application_of_mindmeld(store, tmp_path):
    store(MINDMELD)
    packed(tmp_path / "app", tmp_path / "app.zip")
    for name in ("app", "app.zip"):
        found, losses, _ = read(name)
        assert found == [
            Utterance("two pizzas please {now}", domain="food", intent="order", slots=(Slot(0, 3, "quantity"), Slot(4, 10, "dish")), split="train"),
            Utterance("dim it", domain="home", intent="dim", slots=(), split="test"),
            Utterance("dim the guest bath by 20 percent", domain="home", intent="dim", slots=(Slot(8, 18, "place"), Slot(22, 32, "amount:by")), split="train"),
            Utterance("lights off", domain="home", intent="dim", slots=(), split="train"),
            Utterance("pay by card", domain="shop", intent="pay", slots=(Slot(7, 11, "means"),), split="train"),
            Utterance("an intent of this name", domain="shop", intent="intents", slots=(), split="train"),
        ]  # fmt: skip
        assert told(losses) == {"groups of entities": 1}
        assert len(losses.passed_over) == (2 if name == "app" else 3)


@pytest.mark.parametrize("line", ["a {b|c", "a {b}", "a b]", "{|c}", "[a", "a}"])
def test_braces_without_their_other_one(store, line):
    store({"app/domains/a/b/train.txt": f"fine\n{line}\n"})
    with pytest.raises(
        InputError, match=r"app/domains/a/b/train.txt:2: .* has a bracket without its other one"
    ):
        read("app")
    assert len(read("app", skip_bad=1)[0]) == 1


@pytest.mark.slow
@settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(given_rows=st.lists(utterances(), max_size=5))
def test_applications_of_mindmeld_come_back(tmp_path, given_rows):
    path = str(tmp_path / "app.zip")
    kind = format_of(path, "mindmeld")
    back, losses = [], Losses()
    kind.write_annotated(path, carried(given_rows, kind.carries, losses), losses)
    back = [row for _, row in kind.read(path, Columns(), BadLines())]
    if not losses.found:
        assert sorted(back, key=repr) == sorted(given_rows, key=repr)
        assert not given_rows or format_of(path).name == "mindmeld"
    kept = {(row.domain, row.intent, row.text, row.slots) for row in back}
    assert kept <= {(row.domain, row.intent, row.text, row.slots) for row in given_rows}
    lossy = "utterances that have no domain or intent, or that no line can hold"
    assert len(given_rows) - len(back) == (losses.found[lossy].count if lossy in losses.found else 0)


def test_the_same_utterances_make_the_same_archive(tmp_path):
    some = [Utterance("go to Rome", domain="d", intent="go", slots=(Slot(6, 10, "city"),), split="train")]
    made = []
    for name, file in (
        ("mindmeld", "a.zip"),
        ("mindmeld", "b.zip"),
        ("dialogflow-cx", "c.zip"),
        ("dialogflow-cx", "d.zip"),
    ):
        path = tmp_path / file
        format_of(str(path), name).write_annotated(str(path), some, Losses())
        made.append(path.read_bytes())
        assert zipfile.ZipFile(io.BytesIO(made[-1])).testzip() is None
    assert made[0] == made[1] != made[2] == made[3]


# Home Assistant

HOME = {
    "ha/sentences/en/_common.yaml": """
language: en
lists:
  color:
    values:
      - "red"
      - in: "[dark] blue"
        out: "blue"
  level:
    range: {from: 10, to: 30, step: 10}
  name:
    wildcard: true
expansion_rules:
  the: "[the|my]"
  light: "<the> (light|lamp)[s]"
""",
    "ha/sentences/en/light_HassLightSet.yaml": """
language: "en"
intents:
  HassLightSet:
    data:
      - sentences:
          - "set <light> to {color}"
          - "({level:brightness} percent;dim it)"
          - "turn on {name}"
          - "what is <here>"
        slots: {domain: light}
        expansion_rules: {here: "up"}
""",
    "ha/package.json": "{}",
}


def test_sentences_of_home_assistant(store):
    store(HOME)
    found, losses, _ = read("ha")
    texts = [row.text for row in found]
    assert all(row.intent == "HassLightSet" for row in found)
    colours = [row for row in found if row.text.startswith("set")]
    assert len(colours) == MOST
    assert {row.text[slot.start : slot.end] for row in colours for slot in row.slots} == {
        "red",
        "blue",
        "dark blue",
    }
    assert "10 percent dim it" in texts
    assert "dim it 30 percent" in texts
    assert next(row.slots for row in found if row.text == "dim it 30 percent") == (Slot(7, 9, "brightness"),)
    assert texts[-1] == "what is up"
    assert told(losses) == {
        "slots that are not in the words": 1,
        f"expansions of templates (at most {MOST} of each are made)": 3 * 2 * 2 * 3 - MOST,
        "templates with slots whose values are not in the files": 1,
    }
    assert losses.passed_over == ["ha/package.json"]
    assert read("ha")[0] == found


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("a (b", "has a ( without its other one"),
        ("a b]", "has a ] without its other one"),
        ("go <nowhere>", "the rule '<nowhere>' is not defined"),
        ("go <round>", "the rule '<round>' needs itself"),
        ("(a;b;c;d;e)", "too many parts in any order"),
        ("(" * 50 + "a" + ")" * 50, "is nested more than 40 deep"),
    ],
)
def test_what_is_wrong_in_a_sentence(store, sentence, words):
    rules = 'expansion_rules:\n  round: "a <again>"\n  again: "b <round>"\n'
    store(
        {
            "a.yaml": f"language: en\n{rules}intents:\n  A:\n    data:\n    - sentences:\n      - {json.dumps(sentence)}\n      - fine\n"
        }
    )
    with pytest.raises(InputError) as caught:
        read("a.yaml")
    assert str(caught.value).startswith("a.yaml:9: ")
    assert words in str(caught.value)
    assert [row.text for row in read("a.yaml", skip_bad=1)[0]] == ["fine"]


def test_rules_of_rules_that_would_explode_do_not(store):
    rules = (
        "".join(f'  r{number}: "<r{number + 1}> (a|b) <r{number + 1}>"\n' for number in range(30))
        + '  r30: "(x|y)"\n'
    )
    store(
        {
            "a.yaml": f"language: en\nexpansion_rules:\n{rules}intents:\n  A:\n    data:\n    - sentences:\n      - go <r28>\n"
        }
    )
    found, losses, _ = read("a.yaml")
    assert len(set(found)) == MOST
    assert told(losses)[f"expansions of templates (at most {MOST} of each are made)"] == 2**4 * 2**3 - MOST
    store(
        {
            "a.yaml": f"language: en\nexpansion_rules:\n{rules}intents:\n  A:\n    data:\n    - sentences:\n      - go <r20>\n"
        }
    )
    assert len(set(read("a.yaml")[0])) == MOST


# Rhasspy and Padatious

RHASSPY = """# a comment
[GetTime]
what time is it
tell me [the] time

[LightState]
states = (on | off)
turn <states>{state} [the] ($room){name} light
set brightness to (10..12){level} percent
\\[odd\\] (lamp:light){thing}
\\[please] stop
$unknown
"""


def test_sentences_of_rhasspy(store):
    store(
        {
            "en/sentences.ini": RHASSPY,
            "en/slots/room": "kitchen\n(living | bed) room\n",
            "en/profile.json": "{}",
        }
    )
    found, losses, _ = read("en")
    rows = said(found)
    assert rows[:3] == [
        ("what time is it", "GetTime", []),
        ("tell me the time", "GetTime", []),
        ("tell me time", "GetTime", []),
    ]
    lights = [row for row in rows if row[0].startswith("turn")]
    assert len(lights) == 2 * 2 * 3
    assert (
        "turn off the living room light",
        "LightState",
        [("off", "state"), ("living room", "name")],
    ) in lights
    assert ("set brightness to 11 percent", "LightState", [("11", "level")]) in rows
    assert rows[-3:] == [
        ("[odd] lamp", "LightState", [("lamp", "thing")]),
        ("please stop", "LightState", []),
        ("stop", "LightState", []),
    ]
    assert told(losses) == {
        "templates with slots whose values are not in the files": 1,
        "substitutions and converters": 1,
    }
    assert losses.passed_over == ["en/profile.json"]


def test_what_lists_of_home_assistant_say_besides_is_told(store):
    store(
        {
            "a.yaml": "intents:\n  Dim:\n    data:\n      - sentences: ['dim to {level} in {area}']\nlists:\n"
            "  level:\n    range: {from: 1, to: 2, type: percentage}\n  area:\n    values:\n"
            "      - in: 'the kitchen'\n        out: kitchen\n"
        }
    )
    found, losses, _ = read("a.yaml")
    assert [row.text for row in found] == ["dim to 1 in the kitchen", "dim to 2 in the kitchen"]
    assert losses.account() == [
        {"what": "the field 'type' of the file", "count": 1, "first": "a.yaml:7 ('percentage')"},
        {"what": "the field 'out' of the file", "count": 1, "first": "a.yaml:10 ('kitchen')"},
    ]


def test_what_is_wrong_for_rhasspy(store):
    store({"sentences.ini": "[A]\nfine here\n<b>\n{x}\nr = <r>\n<r>\n"})
    _, _, bad = read("sentences.ini", skip_bad=3)
    assert (bad.count, bad.first) == (
        3,
        "sentences.ini:3: the rule <b> is not defined; expected b = ... in the section [A]",
    )
    store({"setup.ini": "[metadata]\nname = x\nversion = 1\n"})
    assert files_of(["."], None) == ["sentences.ini"]


def test_intents_of_padatious(store):
    store(
        {
            "locale/en-us/lights.intent": "turn (on|off) the {room} [please]\n# a comment\nplay {song}\nsay :0 now\n",
            "locale/en-us/room.entity": "kitchen\nliving room\n",
            "locale/en-us/hello.dialog": "hi\n",
        }
    )
    found, losses, _ = read("locale")
    assert len(found) == 2 * 2 * 2
    assert ("turn on the living room please", "lights", [("living room", "room")]) in said(found)
    assert told(losses) == {"templates with slots whose values are not in the files": 2}
    assert losses.passed_over == ["locale/en-us/hello.dialog"]


# Of Microsoft, Amazon, Snips, Facebook, and BRAT

LU = """> a remark
# Book
- a flight to {city=Paris} on {@date=may first}
- from {city:from = New York}
* nested {@trip={@city=Rome} and back}
- find {@city}

@ list city =
    - Paris:
        - par
# Bye
- bye
"""


def test_ludown(store):
    store({"bot.lu": LU})
    found, losses, _ = read("bot.lu")
    assert said(found) == [
        ("a flight to Paris on may first", "Book", [("Paris", "city"), ("may first", "date")]),
        ("from New York", "Book", [("New York", "city:from")]),
        ("nested Rome and back", "Book", [("Rome and back", "trip")]),
        ("bye", "Bye", []),
    ]
    assert told(losses) == {
        "entities inside of others": 1,
        "patterns, whose entities have no words": 1,
        "definitions of entities, imports and questions": 1,
        "comments": 1,
    }
    store({"bot.lu": "# A\n- a {b=c\n- d}\n- e\n"})
    with pytest.raises(InputError, match=r"bot.lu:2: .* has a brace without its other one"):
        read("bot.lu")
    assert said(read("bot.lu", skip_bad=2)[0]) == [("e", "A", [])]


def test_a_bot_of_lex_v1(store):
    intent = {
        "name": "Order",
        "slots": [{"name": "Size", "slotType": "Sizes"}, {"name": "When", "slotType": "AMAZON.DATE"}],
        "sampleUtterances": ["a {Size} pizza", "for {When}", "order"],
    }
    kinds = [
        {"name": "Sizes", "enumerationValues": [{"value": "small", "synonyms": ["tiny"]}, {"value": "big"}]}
    ]
    store(
        {
            "bot.json": {
                "metadata": {"importType": "LEX"},
                "resource": {"name": "b", "intents": [intent], "slotTypes": kinds},
            }
        }
    )
    found, losses, _ = read("bot.json")
    sizes = ["small", "tiny", "big"]
    assert said(found) == [
        *((f"a {size} pizza", "Order", [(size, "Size")]) for size in sizes),
        ("order", "Order", []),
    ]
    assert told(losses) == {"templates with slots whose values are not in the files": 1}


SNIPS = """# a comment
---
type: intent
name: searchFlight
slots:
  - name: origin
    entity: city
utterances:
  - find me a flight from [origin:city](Oslo) to [destination:city](New York)
  - "book: now"
---
type: entity
name: city
values:
  - Oslo
---
type: intent
name: bye
utterances: [bye, [1]]
"""


def test_yaml_of_snips(store):
    store({"a.yaml": SNIPS})
    assert format_of("a.yaml").name == "snips-yaml"
    with pytest.raises(InputError, match=r"a.yaml:19: \['1'\] is no utterance"):
        read("a.yaml")
    found, losses, _ = read("a.yaml", skip_bad=1)
    assert said(found) == [
        (
            "find me a flight from Oslo to New York",
            "searchFlight",
            [("Oslo", "origin"), ("New York", "destination")],
        ),
        ("book: now", "searchFlight", []),
        ("bye", "bye", []),
    ]
    assert told(losses) == {
        "values and synonyms of entities": 1,
        "the field 'slots' of the file": 1,
        "entities whose name is not the slot's": 2,
    }


def test_topv2(store):
    rows = (
        "domain\tutterance\tsemantic_parse\n"
        "weather\tWhat 's it like in Oslo ?\t[IN:GET_WEATHER What 's it like in [SL:LOCATION Oslo ] ? ]\n"
        "event\tplay at the show of May\t[IN:A play at [SL:PLACE [IN:B the show of [SL:MONTH May ] ] ] ]\n"
        "event\tbroken\t[IN:A broken\n"
        "event\tother words\t[IN:A words ]\n"
    )
    store({"train.tsv": rows})
    with pytest.raises(InputError, match=r"train.tsv:4: '\[IN:A broken' is no parse"):
        read("train.tsv")
    found, losses, bad = read("train.tsv", skip_bad=2)
    assert found == [
        Utterance(
            "What 's it like in Oslo ?",
            domain="weather",
            intent="GET_WEATHER",
            slots=(Slot(19, 23, "LOCATION"),),
        ),
        Utterance("play at the show of May", domain="event", intent="A", slots=(Slot(8, 23, "PLACE"),)),
    ]
    assert told(losses) == {"intents inside of slots, with their slots": 1}
    assert bad.first.startswith("train.tsv:4")


def test_brat(store):
    text = "fly to New York\nnow\n\nand Oslo 😀 Rome\n"
    marks = (
        "T1\tcity 7 15\tNew York\nT2\tcity 25 29\tOslo\nT3\tcity 32 36\tRome\nT4\tx 12 19\tYork\\nnow\n"
        "T5\tinner 11 15\tYork\nT6\ty 0 3;16 19\tfly now\nR1\tto Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T1\thm\n"
    )
    store(
        {
            "d/a.txt": text,
            "d/a.ann": marks.replace("T4\tx 12 19\tYork\\nnow\n", "T4\tx 16 24\tnow and\n"),
            "d/README": "x",
        }
    )
    found, losses, _ = read("d")
    assert [
        (row.text, [(row.text[slot.start : slot.end], slot.label) for slot in row.slots]) for row in found
    ] == [
        ("fly to New York", [("New York", "city")]),
        ("now", []),
        ("and Oslo 😀 Rome", [("Oslo", "city"), ("Rome", "city")]),
    ]
    assert told(losses) == {
        "spans in several pieces": 1,
        "relations": 1,
        "spans over several lines": 1,
        "spans over others": 1,
        "notes": 1,
    }
    assert losses.passed_over == ["d/README"]
    store({"d/a.ann": "T1\tcity 7 99\tNew York\n"})
    with pytest.raises(InputError, match=r"d/a.ann:1: from 7 to 99 the text does not have 'New York'"):
        read("d")
