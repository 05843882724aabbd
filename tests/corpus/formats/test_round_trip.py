"""Every format that is written: what it can carry comes back equal, and what it cannot is reported, never silent."""

import tempfile
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canvass.corpus.formats import FORMATS, format_of
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.losses import FIELDS, UNANNOTATED, BadLines, Losses, carried
from canvass.errors import InputError
from canvass.types import Slot, Utterance
from texts import NOTABLE, texts

# Those that need a domain, or come back as all that their templates stand for, are in test_projects_of_assistants.
OTHERS = ("alexa", "mindmeld")
WRITTEN = [row for row in FORMATS if row.write_annotated is not None and row.name not in OTHERS]
EVERY_WRITTEN = pytest.mark.parametrize("kind", WRITTEN, ids=[row.name for row in WRITTEN])
AWKWARD = [
    "play [jazz](genre) now", "[time : five am]", "a [b] c", "[]", "say \"it's\" {x}", "a\nb", "a\r\nb\r", " x ", "\ttab\t",
    "- list", "# intent: x", "שלום עולם", "مرحبا\u200f world", "歌を流して", "e\u0301te\u0301 👩‍👩‍👧 🏳️‍🌈", "a\u2028b\x85c\x0bd", "\x00\x1f\x7f",
    "\ufeffmark", "O", "-DOCSTART-", "{slot}", "@sys.date", "a,b;c|d\\e", "\u202eright", "x\u00a0y\u3000z", "</Text>", "null", "1e9", "%%",
    ". . .", "don't", "a  b",
]  # fmt: skip
LABELS = ["city", "song name", "a:b", "a:b:c", "a::c", ":", "x:", "naïve", "歌", "x)", "}", "]", '"', "\\", "B-x", "O", "a\tb", "a\nb", " ", "é 😀", "None", "_"]  # fmt: skip
NAMES = [
    None,
    "",
    "play",
    "no",
    "123",
    "faq/ask name",
    " a ",
    "über",
    "歌",
    "a\nb",
    "a\tb",
    '"',
    "null",
    "#x",
    "x: y",
    "-",
    "None",
]
plain = st.text(st.sampled_from("ab 1'-.é歌שא😀\u0301[](){}:\"\n\t"), max_size=12)


@st.composite
def utterances(draw):
    text = draw(st.one_of(texts, plain, st.sampled_from(AWKWARD + NOTABLE)))
    slots = None
    if draw(st.integers(0, 4)):
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
        pairs = zip(cuts[::2], cuts[1::2], strict=False)
        label = st.one_of(st.sampled_from(LABELS[:3]), st.sampled_from(LABELS))
        slots = tuple(Slot(start, end, draw(label)) for start, end in pairs)
    name = st.one_of(st.sampled_from(NAMES[:4]), st.sampled_from(NAMES))
    return Utterance(
        text,
        id=draw(name),
        count=draw(st.sampled_from([1, 1, 7, (1 << 63) - 1])),
        domain=draw(name),
        intent=draw(name),
        slots=slots,
        split=draw(name),
    )


@pytest.fixture(scope="module", autouse=True)
def without_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


def without_what_is_not_carried(utterance, kind):
    """What the format has no place for, as every format's reader gives it."""
    gone = {name: empty for name, empty in FIELDS.items() if name not in kind.carries}
    if utterance.slots is None and "slots" in kind.carries and UNANNOTATED not in kind.carries:
        gone["slots"] = ()
    return replace(utterance, **gone)


def round_trip(kind, given, *, strict=False):
    """Write utterances and read them again; returns them and the losses."""
    if kind.name == "spacy":
        pytest.importorskip("spacy", reason="the extra spacy is not installed")
    losses = Losses(strict)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"written{kind.extensions[0]}")
        kind.write_annotated(path, carried(given, kind.carries, losses), losses)
        assert format_of(path, kind.name) is kind
        if kind.read is None:
            back = [
                Utterance(**row)
                for block in kind.blocks(path, Columns(), BadLines(), 10)
                for row in block.batch.to_pylist()
            ]
        else:
            found = list(kind.read(path, Columns(), BadLines()))
            assert all(path in where for where, _ in found)
            back = [utterance for _, utterance in found]
        found_by_content = format_of(path).name if back else kind.name
    return back, losses, found_by_content


def awkward():
    """Every awkward text without slots, as one slot and cut by two; every awkward label and name; rims of all kinds."""
    for text in NOTABLE:
        yield Utterance(
            f"{text} jazz {text}", intent="play", slots=(Slot(len(text) + 1, len(text) + 5, "genre"),)
        )
    for text in AWKWARD:
        half = len(text) // 2
        yield Utterance(text, intent="play", slots=())
        if text:
            yield Utterance(text, intent="play", slots=(Slot(0, len(text), "city"),))
        if half:
            yield Utterance(text, intent="play", slots=(Slot(0, half, "city"), Slot(half, len(text), "city")))
        yield Utterance(f"play {text} now", intent="play", slots=(Slot(0, 4, "verb"),))
    for label in LABELS:
        yield Utterance("play jazz now", intent="play", slots=(Slot(5, 9, label),))
    for name in NAMES:
        yield Utterance("play jazz", intent=name, slots=(Slot(5, 9, "genre"),))
        yield Utterance("play jazz", id=name, domain=name, intent="play", slots=(), split=name)
    for rim in (" ", "\t", "\n", "\r", "\r\n", "\u00a0", "\u3000", "\ufeff", "\u2028", "\x00"):
        for text in (f"{rim}play", f"play{rim}", f"{rim}play{rim}", rim):
            yield Utterance(text, intent="play", slots=())


@pytest.mark.slow
@EVERY_WRITTEN
def test_every_awkward_utterance_comes_back_or_the_loss_is_reported(kind):
    for utterance in awkward():
        check(kind, utterance)


@EVERY_WRITTEN
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(utterance=utterances())
def test_one_utterance_comes_back_or_the_loss_is_reported(kind, utterance):
    check(kind, utterance)


@pytest.mark.slow
@EVERY_WRITTEN
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(utterance=utterances())
def test_many_utterances_come_back_or_the_loss_is_reported(kind, utterance):
    check(kind, utterance)


def check(kind, utterance):
    back, losses, _ = round_trip(kind, [utterance])
    if losses.found:
        assert back != [utterance], ("a loss that is none", losses.found)
        assert len(back) <= 1
    else:
        assert back == [utterance]
    # What is lost besides the fields that have no place is said of it, too.
    if not (set(losses.found) - set(field_losses(kind, utterance))):
        assert back == [without_what_is_not_carried(utterance, kind)]


def field_losses(kind, utterance):
    losses = Losses()
    list(carried([utterance], kind.carries, losses))
    return losses.found


@pytest.mark.slow
@EVERY_WRITTEN
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(some=st.lists(utterances(), min_size=2, max_size=5))
def test_utterances_do_not_disturb_each_other(kind, some):
    back, losses, _ = round_trip(kind, some)
    if not losses.found:
        assert Counter(back) == Counter(some)
        return
    alone = [round_trip(kind, [one]) for one in some]
    whole = [found for found, _, _ in alone]
    assert Counter(back) == Counter(one for found in whole for one in found)
    assert set(losses.found) == {what for _, one, _ in alone for what in one.found}


@EVERY_WRITTEN
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(utterance=utterances())
def test_strict_refuses_what_would_be_lost_and_leaves_no_file(kind, utterance):
    _, losses, _ = round_trip(kind, [utterance])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"written{kind.extensions[0]}"
        refusing = Losses(strict=True)
        refused = pytest.raises(InputError, match="would be lost; leave out --strict")
        with refused if losses.found else nullcontext():
            kind.write_annotated(str(path), carried([utterance], kind.carries, refusing), refusing)
        assert bool(losses.found) == (list(Path(folder).iterdir()) == [])


ORDINARY = [
    Utterance(
        "play jazz in the kitchen", intent="play_music", slots=(Slot(5, 9, "genre"), Slot(17, 24, "room"))
    ),
    Utterance("stop", intent="stop", slots=()),
    Utterance(
        "wake me at 7:30 tomorrow 😀", intent="set_alarm", slots=(Slot(11, 15, "time"), Slot(16, 24, "date"))
    ),
]


@EVERY_WRITTEN
def test_ordinary_utterances_lose_nothing_but_their_slots_and_are_recognised(kind):
    back, losses, name = round_trip(kind, ORDINARY)
    assert set(losses.found) <= {"the field intent", "the field slots"}
    expected = [without_what_is_not_carried(one, kind) for one in ORDINARY]
    assert Counter(back) == Counter(expected)
    assert name == kind.name


@EVERY_WRITTEN
def test_slots_absent_and_slots_empty(kind):
    some = [Utterance("stop", intent="stop"), Utterance("go", intent="go", slots=())]
    back, losses, _ = round_trip(kind, some)
    if "slots" not in kind.carries:
        assert [one.slots for one in back] == [None, None]
    elif UNANNOTATED in kind.carries:
        assert {one.text: one.slots for one in back} == {"stop": None, "go": ()}
    else:
        assert {one.slots for one in back} == {()}
        assert any("nobody annotated" in what for what in losses.found)
