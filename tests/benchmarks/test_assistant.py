"""The assistant corpus: one record for each text, whatever its case and punctuation."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.study.assistant import joined, normalised, record

from canvass import Slot, Utterance


def test_texts_are_compared_by_letters_and_digits():
    assert normalised("  What's the  TIME, now? ") == "what s the time now"
    assert normalised("Ünter-den_Linden 7") == "ünter den linden 7"
    assert normalised("?!") == ""


def test_the_first_record_of_a_text_stays():
    some = [Utterance("Wake me up!", id="a", intent="x"), Utterance("stop"), Utterance("wake me  up", id="b")]
    assert joined(some) == some[:2]


def test_a_record_can_be_read_again():
    one = Utterance("wake me at nine", id="a", domain="alarm", intent="set", slots=(Slot(11, 15, "time"),))
    assert record(one) == {
        "id": "a",
        "text": "wake me at nine",
        "domain": "alarm",
        "intent": "set",
        "slots": [{"start": 11, "end": 15, "label": "time"}],
    }
