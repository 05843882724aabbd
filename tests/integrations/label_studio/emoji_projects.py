"""A canvass project whose every text has an emoji before what is annotated, and what is right of each text."""

from dataclasses import replace

from commands import write

from canvass.annotation.project.project import Project
from canvass.types import Slot
from examples import MUSIC, labelled_and_rest

EVERY = 2  # one in so many is labelled
TEST = 5  # one in so many of the rest is the test set
SMILE = "😀 "


def with_smile(utterance):
    moved = len(SMILE)
    slots = utterance.slots and tuple(
        Slot(one.start + moved, one.end + moved, one.label) for one in utterance.slots
    )
    return replace(utterance, text=SMILE + utterance.text, slots=slots)


def make_emoji_project(folder):
    """Make the project; gives it, and the right answers by text."""
    known, rest = (list(map(with_smile, some)) for some in labelled_and_rest(EVERY))
    pool = folder.parent / f"{folder.name}-pool.jsonl"
    write(pool, rest, annotated=False)
    project = Project.create(folder, known, [str(pool)], MUSIC, test=rest[::TEST])
    return project, {one.text: one for one in rest}
