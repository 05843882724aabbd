"""The exception tree and the records."""

import ast
import dataclasses
import pickle
import tomllib
from pathlib import Path

import pytest

from canvass import errors
from canvass.errors import CanvassError, ExtraMissingError, OptionError, TargetError, location, nearest
from canvass.types import Slot, Target, Utterance

ROOT = Path(__file__).parent.parent
TREE = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]


def test_the_exception_tree():
    assert len(TREE) >= 7
    for one in TREE:
        assert issubclass(one, CanvassError)
        assert one.exit_code == 2
        # Readers catch these of Python; ours must never be taken for them.
        assert not issubclass(one, OSError | ValueError | LookupError)
        assert one.__doc__.count(".") == 1
    assert issubclass(TargetError, OptionError)


def test_a_missing_extra_is_said_the_same_in_another_process():
    error = ExtraMissingError("files of spaCy need spaCy", "spacy")
    copied = pickle.loads(pickle.dumps(error))
    assert str(copied) == str(error)
    assert str(error).endswith("; install it with: pip install 'canvass-nlu[spacy]'")


# The error, and the functions that raise it for the extra that they are given last.
SAYING_WHAT_IS_MISSING = {"ExtraMissingError", "check_server", "needing"}


def test_every_missing_extra_is_one_of_the_project():
    """In the words of one function: nothing else in the package says how it is installed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    said = set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        source = path.read_text()
        assert path.name == "errors.py" or "pip install" not in source, path
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in SAYING_WHAT_IS_MISSING:
                said |= {call.args[-1].value} if isinstance(call.args[-1], ast.Constant) else set()
    assert said <= set(extras)
    assert len(said) >= 7


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("musik", ["music", "weather"], "; did you mean music?"),
        ("MUSIC", ["Music"], "; did you mean Music?"),
        (
            "playmusic",
            ["PlayMusic", "PauseMusic", "StopMusic", "x"],
            "; did you mean PlayMusic or PauseMusic",
        ),
        ("", ["music"], ""),
        ("music", [], ""),
        ("music", ["", "歌"], ""),
    ],
)
def test_nearest_names(word, choices, expected):
    found = nearest(word, choices)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)
    assert found.count(" or ") <= 2


def test_locations():
    assert location("a.csv", 3) == "a.csv:3"
    assert location("a.csv") == "a.csv"


@pytest.mark.parametrize(
    "words",
    [
        "domain:music",
        "intent:PlayMusic",
        "all",
        "domain:a:b",
        "intent:all",
        "domain: x",
        "domain:歌",
        "intent:A,B",
        r"intent:a\,b",
        r"intent:A,b\,c",
        "fewest:3",
        "domain:a,b",
    ],
)
def test_targets_and_their_words(words):
    target = Target.parse(words)
    assert str(target) == words
    assert Target.parse(str(target)) == target


@pytest.mark.parametrize("words", ["", "music", "domain", "domain:", "intent:", ":", ":music", "fewest:", "fewest:0", "fewest:-1", "fewest:x", "All", "all:", "all:x", " all", "Domain:x", "slot:x", "domain=music"])  # fmt: skip
def test_what_is_no_target(words):
    with pytest.raises(
        OptionError, match="write domain:NAME, intent:NAME, intent:A,B,C, fewest:K or all"
    ) as refused:
        Target.parse(words)
    assert repr(words) in str(refused.value)
    assert type(refused.value) is OptionError


def test_what_a_target_matches():
    one = Utterance("play", domain="music", intent="PlayMusic")
    nothing = Utterance("play")
    for words, matches in (
        ("domain:music", True), ("domain:Music", False), ("domain:PlayMusic", False),
        ("intent:PlayMusic", True), ("intent:music", False), ("all", True),
    ):  # fmt: skip
        assert Target.parse(words).matches(one) is matches
        assert Target.parse(words).matches(nothing) is (words == "all")


def test_a_target_of_several_intents_is_the_same_in_any_order():
    target = Target.parse(r"intent:Stop, Play,Yes\, please")
    assert target == Target("intent", "Play", ("Stop", "Yes, please"))
    assert str(target) == r"intent:Play,Stop,Yes\, please"
    assert target.only_intent is None
    assert Target.parse(r"intent:Yes\, please").only_intent == "Yes, please"
    matched = [
        target.matches(Utterance("x", intent=name)) for name in ("Play", "Stop", "Yes, please", "Yes", None)
    ]
    assert matched == [True, True, True, False, False]


@pytest.mark.parametrize("words", ["intent:,", "intent:A,", "intent:A,,B", "intent:A, ,B"])
def test_a_comma_has_an_intent_on_either_side(words):
    with pytest.raises(OptionError, match="comma without an intent"):
        Target.parse(words)


def test_no_intent_is_named_twice():
    with pytest.raises(OptionError, match="names 'A' twice"):
        Target.parse("intent:A,B,A")


def test_fewest_are_the_intents_with_the_fewest_examples():
    some = [Utterance("x", intent=name) for name in "AABBBCCDDDD"]
    some += [Utterance("y", domain="elsewhere", intent="E"), Utterance("z")]
    assert Target.parse("fewest:1").resolved(some) == Target("intent", "A")
    assert str(Target.parse("fewest:3").resolved(reversed(some))) == "intent:A,B,C"
    assert Target.parse("all").resolved(some) == Target("all")
    with pytest.raises(OptionError, match="more than 4 intents with"):
        Target.parse("fewest:4").resolved(some)
    with pytest.raises(OptionError, match="not known yet"):
        Target.parse("fewest:1").matches(some[0])


def test_records_cannot_be_changed():
    for one in (Slot(0, 1, "a"), Utterance("a"), Target("all")):
        name = dataclasses.fields(one)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, "other")
        assert not hasattr(one, "__dict__")


def test_not_annotated_is_not_annotated_as_empty():
    assert Utterance("a") != Utterance("a", slots=())
    assert min([Slot(2, 3, "a"), Slot(0, 9, "b"), Slot(0, 9, "a")]) == Slot(0, 9, "a")
