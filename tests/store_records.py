"""Tasks and answers for the tests of the store: short to write, complete enough to be stored."""

from canvass.annotation.store.records import NewAnswer, NewTask, Reason, TaskPrediction
from canvass.types import Slot

PREDICTION = TaskPrediction(
    round=3,
    domain="music",
    intent="PlayMusic",
    intent_probability=0.75,
    slots=(Slot(5, 9, "ArtistName"),),
    confidence=0.25,
    certainty=((0, 4, 0.875), (5, 9, 0.5)),
    positive=True,
    alternatives=(((Slot(5, 9, "SongName"),), 0.25), ((), 0.125)),
    likeliest=(("PlayMusic", 0.75), ("AddToPlaylist", 0.25)),
)
REASON = Reason("majority-crf", 4, 0.125, "filter", {"logistic": 1.5, "hinge": -0.25})


def new_task(key, source="selected", *, priority=0.0, **others):
    fields = {
        "text": f"Play {key}",
        "utterance": f"u-{key}",
        "count": 3,
        "prediction": PREDICTION,
        "reason": REASON,
    }
    return NewTask(key=key, source=source, priority=priority, **{**fields, **others})


def new_answer(name, task, annotator="eva", says="PlayMusic", **others):
    """Make an answer; `says` is an intent, "skip", "elsewhere" or "elsewhere: domain"."""
    fields = {"kind": "frame", "domain": "music", "intent": says, "slots": (Slot(5, 9, "ArtistName"),)}
    if says == "skip":
        fields = {"kind": "skip"}
    elif says.startswith("elsewhere"):
        fields = {"kind": "elsewhere", "domain": says.partition(": ")[2] or None}
    return NewAnswer(id=name, task=task, annotator=annotator, **{**fields, **others})
