"""Families of models: they learn, their predictions are well formed, and what breaks the contract is told."""

from types import SimpleNamespace

import pytest

from canvass.corpus.spans import misaligned_slot
from canvass.errors import ExtraMissingError, OptionError, TrainingError
from canvass.evaluation import HeldOut
from canvass.metrics import score
from canvass.simulation import transfer
from canvass.simulation.families import SVMFamily
from canvass.simulation.transfer import check_family, errors_of_family
from canvass.types import Slot, Utterance
from examples import MUSIC, music, others

OURS = music()
CORPUS = [*OURS, *others()]


def rate(family, labelled, held_out):
    return score(errors_of_family(family, labelled, MUSIC, held_out, seed=0)).slot_error_rate


def test_it_learns_from_more_examples():
    held_out = HeldOut.of(OURS[1::2], MUSIC)
    few, many = (rate("svm", [*OURS[0 : 2 * n : 2], *others()], held_out) for n in (3, 40))
    assert many < 0.15 < few
    assert rate("svm", CORPUS[::2], held_out) == rate("svm", CORPUS[::2], held_out)


@pytest.mark.slow
def test_spacy_learns_from_more_examples_and_keeps_the_contract():
    pytest.importorskip("spacy")
    held_out = HeldOut.of(OURS[1::2], MUSIC)
    few, many = (rate("spacy", [*OURS[0 : 2 * n : 2], *others()], held_out) for n in (3, 40))
    assert many < 0.35 < few
    check_family("spacy")


@pytest.mark.slow
def test_spacy_trains_on_utterances_with_one_annotation_or_none(monkeypatch):
    pytest.importorskip("spacy")
    from canvass.simulation import families

    monkeypatch.setattr(families, "EPOCHS", 1)
    inside = Utterance("play U2's one", intent="Play", slots=(Slot(5, 6, "artist"), Slot(6, 9, "other")))
    partly = [inside, Utterance("stop", intent="Stop"), Utterance("play", slots=())]
    for utterances in (partly, partly[1:2], partly[2:], []):
        family = families.SpacyFamily(seed=1).fit(utterances)
        assert len(family.predict(["play it", ""])) == 2
    assert families.SpacyFamily(seed=1).fit(partly[1:2]).predict(["x"]) == [("Stop", ())]


def test_predictions_are_aligned_and_unknown_words_are_no_trouble():
    successor = SVMFamily().fit(OURS[:30])
    texts = ["play zzz by qqq", "", "  add\u00a0x  to my list ", "音楽 再生", "!!"]
    frames = successor.predict(texts)
    assert [misaligned_slot(text, frame.slots) for text, frame in zip(texts, frames, strict=True)] == [
        None
    ] * 5
    assert {frame.intent for frame in frames} <= {"PlayMusic", "AddToPlaylist"}


def test_one_intent_one_tag_or_nothing_at_all():
    plain = [Utterance(text, intent="Greet", slots=()) for text in ("hello there", "hi")]
    assert [tuple(frame) for frame in SVMFamily().fit(plain).predict(["hey you"])] == [("Greet", ())]
    bare = [Utterance("hello", intent=None, slots=None)]
    assert [tuple(frame) for frame in SVMFamily().fit(bare).predict(["hey", "you"])] == [(None, ())] * 2


def test_the_token_itself_is_seen_as_it_is_written():
    month = Utterance("so May it be", intent="Wish", slots=(Slot(3, 6, "month"),))
    verb = Utterance("so may it be", intent="Wish", slots=())
    successor = SVMFamily().fit([month, verb] * 4)
    assert [frame.slots for frame in successor.predict([month.text, verb.text])] == [month.slots, verb.slots]


def frame(intent="Play", slots=()):
    return SimpleNamespace(intent=intent, slots=slots)


class Constant:
    """Keeps the contract."""

    def __init__(self, *, seed):
        self.seed = seed

    def fit(self, utterances):
        assert any(utterance.slots is None for utterance in utterances)

    def predict(self, texts):
        return [frame() for _ in texts]


TRAINED = iter(range(100))
BREACHES = {
    "predicted 1 frames for 5 texts": lambda _texts: [frame()],
    "expected an object with an intent and slots": lambda texts: [("Play", ()) for _ in texts],
    "slots inside the text": lambda texts: [frame(slots=[Slot(0, 99, "thing")]) for _ in texts],
    "do not overlap": lambda texts: [
        frame(slots=[Slot(0, 4, "a"), Slot(2, 4, "b")] if text else []) for text in texts
    ],
    "an intent as a string or None": lambda texts: [frame(intent=3) for _ in texts],
    "with the same seed": lambda texts: [frame(intent=f"Play{next(TRAINED)}")] * len(texts),
    "when others stand before it": lambda texts: [frame(intent=texts[0]) for _ in texts],
    "failed with KeyError": lambda _texts: {}["no"],
}


@pytest.mark.parametrize("sentence", BREACHES)
def test_a_family_that_breaks_the_contract_is_told(monkeypatch, sentence):
    class Broken(Constant):
        def predict(self, texts):
            return BREACHES[sentence](texts)

    monkeypatch.setattr(transfer, "load_callable", lambda _name, _option: Broken)
    with pytest.raises(TrainingError, match=sentence):
        check_family("mine:build")


def test_a_family_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_family.py").write_text(
        "from canvass.simulation.families import SVMFamily\nbuild = SVMFamily\nnumber = 3\n"
    )
    check_family("own_family:build")
    held_out = HeldOut.of(OURS[1::2], MUSIC)
    assert errors_of_family("own_family:build", CORPUS[::2], MUSIC, held_out, seed=1) == errors_of_family(
        "svm", CORPUS[::2], MUSIC, held_out, seed=2
    )
    for name, sentence in (
        ("own_family:nothing", "has no nothing"),
        ("own_family:number", "cannot be called"),
        ("no_such_module:build", "importing no_such_module failed"),
        ("spacey", "did you mean spacy"),
    ):
        with pytest.raises(OptionError, match=sentence):
            check_family(name)


def test_spacy_is_an_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    with pytest.raises(ExtraMissingError, match=r"canvass-nlu\[spacy\]"):
        check_family("spacy")
