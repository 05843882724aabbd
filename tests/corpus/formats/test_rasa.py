"""Rasa's nlu.yml: both notations, both forms of examples, and a sentence with the line for what is wrong."""

import pytest

from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import BadLines, Losses
from canvass.corpus.formats.rasa import FORMAT, example_of
from canvass.errors import InputError
from canvass.types import Slot, Utterance

# From Rasa's documentation of the format ("NLU Training Data"), with every kind of section.
DOCUMENTED = """\
version: "3.1"

nlu:
- intent: check_balance
  examples: |
    - What's my [credit](account) balance?
    - What's the balance on my [credit card account]{"entity": "account", "value": "credit"}
    - I want to fly from [Berlin]{"entity": "city", "role": "departure"} to [San Francisco]{"entity": "city", "role": "destination"}
    - a [small]{"entity": "size", "group": "1"} pizza

- intent: chitchat/ask_name
  examples:
  - text: |
      hello [Rasa](bot:robot)
    metadata:
      sentiment: neutral
  - text: "no"
- synonym: credit
  examples: |
    - credit card account
- regex: account_number
  examples: |
    - \\d{10,12}
- lookup: banks
  examples: |
    - JPMC
"""


def read(path, data=None, bad=None):
    if data is not None:
        path.write_text(data, encoding="utf-8")
    return list(FORMAT.read(str(path), Columns(), bad or BadLines()))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "nlu.yml"


def test_the_documented_example(file):
    losses = Losses()
    found = read(file, DOCUMENTED, BadLines(losses=losses))
    flight = "I want to fly from Berlin to San Francisco"
    assert found == [
        (f"{file}:6", Utterance("What's my credit balance?", intent="check_balance", slots=(Slot(10, 16, "account"),))),
        (f"{file}:7", Utterance("What's the balance on my credit card account", intent="check_balance", slots=(Slot(25, 44, "account"),))),
        (f"{file}:8", Utterance(flight, intent="check_balance", slots=(Slot(19, 25, "city:departure"), Slot(29, 42, "city:destination")))),
        (f"{file}:9", Utterance("a small pizza", intent="check_balance", slots=(Slot(2, 7, "size::1"),))),
        (f"{file}:13", Utterance("hello Rasa", intent="chitchat/ask_name", slots=(Slot(6, 10, "bot"),))),
        (f"{file}:17", Utterance("no", intent="chitchat/ask_name", slots=())),
    ]  # fmt: skip
    assert {what: loss.count for what, loss in losses.found.items()} == {
        "values of entities (synonyms)": 2,
        "sections of the kind synonym": 1,
        "sections of the kind regex": 1,
        "sections of the kind lookup": 1,
    }
    assert losses.found["sections of the kind lookup"].first == f"{file}:24: 'banks'"


def test_several_entities_of_the_same_words_keep_the_first(file):
    losses = Losses()
    ((_, found),) = read(
        file,
        'nlu:\n- intent: a\n  examples: |\n    - to [SF][{"entity": "x"}, {"entity": "y", "role": "r"}]\n',
        BadLines(losses=losses),
    )
    assert found == Utterance("to SF", intent="a", slots=(Slot(3, 5, "x"),))
    assert list(losses.found) == ["second entities of the same words"]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("version: '3.1'\nstories: []", None, "there is no section 'nlu'"),
        ("version: '9.0'\nnlu: []", 1, "the version is '9.0'; expected one of 2.0, 3.0, 3.1"),
        ("nlu: many", 1, "'nlu' is 'many'; expected a list"),
        ("nlu:\n- examples: |\n    - a", 2, "has no intent"),
        ("nlu:\n- intent: ''\n  examples: |\n    - a", 2, "has no intent"),
        ("nlu:\n- intent: [a]\n  examples: |\n    - a", 2, "has no intent"),
        ("nlu:\n- intent: a\n- intent: b", 2, "the intent 'a' has no list of examples"),
        ("nlu:\n- intent: a\n  examples: {b: c}", 2, "the intent 'a' has no list of examples"),
        ("nlu:\n- intent: a\n  examples: |\n    - b\n    c", 5, "the example 'c' does not begin with '- '"),
        ("nlu:\n- intent: a\n  examples:\n  - b", 4, "'b' has no text"),
        ("nlu:\n- intent: a\n  examples:\n  - text: [b]", 4, "has no text"),
        ("nlu:\n- intent: a\n  examples: |\n    - [b]{entity}", 4, "'{entity}' is not valid JSON"),
        ('nlu:\n- intent: a\n  examples: |\n    - [b]{"role": "c"}', 4, "is no entity"),
        ('nlu:\n- intent: a\n  examples: |\n    - [b]{"entity": "c", "group": 1}', 4, "is no entity"),
        ("nlu:\n- intent: a\n  examples: !!python/name:os.system x", 3, "the tag"),
    ],
)
def test_what_is_wrong_is_named(file, data, line, words):
    with pytest.raises(InputError) as caught:
        read(file, data)
    assert str(caught.value).startswith(f"{file}:{line}: " if line else f"{file}: ")
    assert words in str(caught.value)


def test_bad_examples_are_tolerated(file):
    bad = BadLines(2)
    found = read(file, "nlu:\n- intent: a\n  examples: |\n    - b\n    c\n    - [d]{e}\n    - f\n", bad)
    assert [one.text for _, one in found] == ["b", "f"]
    assert bad.count == 2


@pytest.mark.parametrize(
    ("label", "example"),
    [
        ("city", "[x](city)"),
        ("city:to", '[x]{"entity": "city", "role": "to"}'),
        ("city:to:1", '[x]{"entity": "city", "role": "to", "group": "1"}'),
        ("city::1", '[x]{"entity": "city", "group": "1"}'),
        ("a)", '[x]{"entity": "a)"}'),
        (":x", '[x]{"entity": ":x"}'),
        ("x:", '[x]{"entity": "x:"}'),
    ],
)
def test_the_shortest_notation_is_written(label, example):
    assert example_of("x", [Slot(0, 1, label)]) == example


def test_written_files_look_as_people_write_them(file):
    losses = Losses()
    some = [
        Utterance("to Paris", intent="fly", slots=(Slot(3, 8, "city"),)),
        Utterance("yes", intent="yes", slots=()),
        Utterance("a\nb", intent="fly", slots=()),
        Utterance(" home ", intent="fly", slots=(Slot(1, 5, "city"),)),
        Utterance("a]b", intent="fly", slots=(Slot(0, 3, "city"),)),
        Utterance("x", slots=()),
    ]
    FORMAT.write_annotated(str(file), some, losses)
    assert file.read_text() == (
        'version: "3.1"\n\nnlu:\n- intent: fly\n  examples: |\n    - to [Paris](city)\n    - [home](city)\n\n'
        '- intent: fly\n  examples:\n  - text: "a\\nb"\n\n- intent: "yes"\n  examples: |\n    - yes\n\n'
    )
    assert {what: loss.first for what, loss in losses.found.items()} == {
        "white space at the rims of texts": "' home '",
        "utterances whose brackets or slots the notation cannot hold": "'a]b'",
        "utterances without an intent": "'x'",
    }
