"""A pool of which some rows are labelled, as other libraries hold it, and canvass' own choice from the same rows."""

from dataclasses import replace

import numpy as np

import canvass
from canvass.types import Utterance
from examples import MUSIC, labelled_and_rest

LABELLED, REST = labelled_and_rest()
# What a pool in the field has, too: a text that is labelled, one that is there twice, nothing, and a monologue.
ODD = [
    Utterance(text="  " + LABELLED[0].text),
    Utterance(text=REST[3].text + " "),
    Utterance(text=" \t"),
    Utterance(text="play river " * 21),
]
ROWS = [*LABELLED, *ODD, *REST]
KNOWN = np.arange(len(LABELLED))
OPEN = np.arange(len(LABELLED), len(ROWS))
ODD_ROWS = OPEN[: len(ODD)]
TEXTS = [one.text for one in ROWS]
INTENTS = [one.intent or "PlayMusic" for one in ROWS]
SLOTS = [one.slots for one in ROWS]
MUSIC_INTENTS = ["AddToPlaylist", "PlayMusic"]


def target_of(strategy):
    """What canvass calls the target of a strategy, and the labels that stand for it."""
    return (canvass.Target("all"), None) if canvass.STRATEGIES[strategy].for_all else (MUSIC, MUSIC_INTENTS)


def own_choice(strategy, known, size, seed):
    """The rows that `canvass.select` chooses when those of `known` are labelled, in rank order."""
    known = [int(row) for row in known]
    pool = [replace(one, id=f"{row:04d}") for row, one in enumerate(ROWS) if row not in set(known)]
    labelled = [ROWS[row] for row in known]
    plan = canvass.Plan.train(
        labelled, target_of(strategy)[0], strategy=strategy, size=size, seed=seed, variety=False
    )
    return [int(one.id) for one in canvass.select(plan, canvass.Pool.of(pool)).candidates]
