"""A small project that tests share: music against the rest, with tasks as a round of the queue leaves them."""

import json
from dataclasses import asdict

from commands import write

from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import QueueState
from canvass.annotation.rounds.round import Rounds, answered
from canvass.annotation.store.records import NewTask, Reason, TaskPrediction
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import text_tokens
from examples import MUSIC, labelled_and_rest

NOON = 1_760_000_000.0
EVERY = 2  # one in so many is labelled
TEST = 5  # one in so many of the rest is the test set


def make_project(folder, *, target=MUSIC, strategy=None):
    """A new project in an empty folder, with a pool beside it."""
    known, rest = labelled_and_rest(EVERY)
    pool = folder.parent / f"{folder.name}-pool.jsonl"
    write(pool, rest, annotated=False)
    return Project.create(folder, known, [str(pool)], target, test=rest[::TEST], strategy=strategy)


def write_estimates(estimates):
    """Write estimates as a round does."""
    return json.dumps([asdict(one) for one in estimates])


def run_round(project, number, *, answers=None):
    """Play one round from nothing."""
    return Rounds(project).run(number, answers=answered(project) if answers is None else answers)


def prediction_of(utterance, *, number=0):
    """A prediction that is right, as far as the utterance is annotated."""
    certainty = tuple((one.start, one.end, 0.75) for one in text_tokens(utterance.text))
    return TaskPrediction(
        number, utterance.domain, utterance.intent, 0.9, utterance.slots or (), 0.5, certainty, True
    )


def tasks_of(utterances, *, source="selected", wanted=1):
    """Tasks in the order of the utterances."""
    return [
        NewTask(
            key=key_of(one.text),
            text=one.text,
            utterance=one.id or f"u-{rank}",
            count=3,
            source=source,
            priority=float(rank),
            prediction=prediction_of(one),
            reason=Reason(
                "majority-joint", rank, 0.25, "filter", {"logistic": 1.5, "hinge": 0.5, "squared": -0.25}
            ),
            wanted=wanted,
        )
        for rank, one in enumerate(utterances, 1)
    ]


def music_left(count):
    """Utterances of the target that are not in the labelled set."""
    rest = labelled_and_rest(EVERY)[1]
    held_out = rest[::TEST]
    return [one for one in rest if MUSIC.matches(one) and one not in held_out][:count]


class StillQueue:
    """A queue that never trains, and counts what it is told."""

    def __init__(self):
        self.answers = 0
        self.asked = 0
        self.assistant = None

    def answered(self, count=1):
        self.answers += count

    def run_soon(self):
        self.asked += 1

    def state(self):
        return QueueState(1, "fresh", "", 5)
