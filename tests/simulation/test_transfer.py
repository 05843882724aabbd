"""The successor model: it learns, and its predictions are well formed."""

from canvass.corpus.spans import misaligned_slot
from canvass.evaluation import HeldOut
from canvass.metrics import score
from canvass.simulation.transfer import SuccessorModel, errors_of_successor
from canvass.types import Slot, Utterance
from examples import MUSIC, music, others

OURS = music()
CORPUS = [*OURS, *others()]


def test_it_learns_from_more_examples():
    held_out = HeldOut.of(OURS[1::2], MUSIC)
    few, many = (
        score(errors_of_successor([*OURS[0 : 2 * n : 2], *others()], MUSIC, held_out)).slot_error_rate
        for n in (3, 40)
    )
    assert many < 0.15 < few
    assert errors_of_successor(CORPUS[::2], MUSIC, held_out) == errors_of_successor(
        CORPUS[::2], MUSIC, held_out
    )


def test_predictions_are_aligned_and_unknown_words_are_no_trouble():
    successor = SuccessorModel().fit(OURS[:30])
    texts = ["play zzz by qqq", "", "  add\u00a0x  to my list ", "音楽 再生", "!!"]
    frames = successor.predict(texts)
    assert [misaligned_slot(text, frame.slots) for text, frame in zip(texts, frames, strict=True)] == [
        None
    ] * 5
    assert {frame.intent for frame in frames} <= {"PlayMusic", "AddToPlaylist"}


def test_one_intent_one_tag_or_nothing_at_all():
    plain = [Utterance(text, intent="Greet", slots=()) for text in ("hello there", "hi")]
    assert [tuple(frame) for frame in SuccessorModel().fit(plain).predict(["hey you"])] == [("Greet", ())]
    bare = [Utterance("hello", intent=None, slots=None)]
    assert [tuple(frame) for frame in SuccessorModel().fit(bare).predict(["hey", "you"])] == [(None, ())] * 2


def test_the_token_itself_is_seen_as_it_is_written():
    month = Utterance("so May it be", intent="Wish", slots=(Slot(3, 6, "month"),))
    verb = Utterance("so may it be", intent="Wish", slots=())
    successor = SuccessorModel().fit([month, verb] * 4)
    assert [frame.slots for frame in successor.predict([month.text, verb.text])] == [month.slots, verb.slots]
