"""Studies whose answers are known: arrays made by rule, stored as a study stores them.

40 test utterances of the target have two slots and an intent each: 120 in all. Before the first round, 24 have one
slot wrong; each round mends `MENDED` of them, by strategy, whatever the seed. A round chooses 10 utterances.
"""

from pathlib import Path

import numpy as np

from canvass.simulation.spec import RunName, Spec, TargetFacts
from canvass.simulation.store import Chosen, Projection, StoredRun, append, write_spec

MENDED = {"random": 1, "random-positive": 2, "majority-crf": 3, "majority-joint": 4}
TOKENS = {"majority-crf": 10}  # of each utterance chosen; the others take 5
START, UTTERANCES, SLOTS, BATCH, ROUNDS = 24, 40, 2, 10, 4
TARGET = "intent:PlayMusic"
HOSTILE = "<script>alert(1)</script> & \u202e*x* | `y`"
ARABIC = "شغل أغنية فيروز"


def spec(**changes):
    options = {
        "corpus": "00ff",
        "targets": (TARGET,),
        "strategies": {TARGET: tuple(MENDED)},
        "seeds": 3,
        "seed_size": 20,
        "negatives": 50,
        "schedule": (BATCH,) * ROUNDS,
        "budget_unit": "utterances",
        "pool_share": None,
        "noise": 0.0,
        "transfer": ("svm", "spacy"),
        "transfer_every": 0,
        "test": "own",
        "words": "off",
        "canvass": "0.1.0",
    }
    return Spec(**{**options, **changes})


def facts(target, *, short_pool=False):
    return TargetFacts(target, 70, 900, 300, 100, UTTERANCES, ROUNDS * BATCH, ROUNDS * BATCH, short_pool)


def errors(wrong, seed=0):
    """One slot wrong in so many utterances, which ones depends on the seed: uint16 (40, 5)."""
    counts = np.zeros((UTTERANCES, 5), dtype=np.uint16)
    counts[:, 3] = SLOTS
    places = (np.arange(wrong) + 7 * seed) % UTTERANCES
    counts[places, 0], counts[places, 3] = 1, SLOTS - 1
    return counts


def example(text, slots, predicted):
    return {
        "id": "e",
        "text": text,
        "score": -1.0,
        "why": "filter",
        "members": {},
        "domain": None,
        "intent": "PlayMusic",
        "slots": slots,
        "predicted_intent": "PlayMusic",
        "predicted_slots": predicted,
    }


EXAMPLES = (
    example("play river", [[5, 10, "song"]], [[5, 10, "song"]]),
    example(HOSTILE, [[0, 8, "<b>"]], []),
    example(ARABIC, [[4, 9, "نوع"]], [[4, 15, "مغني"]]),
)


def projection():
    points = np.array([[x, (x * 7) % 3] for x in range(-6, 6)], dtype=np.float32)
    scores = np.stack([points[:, 0], points[:, 0] + 1, points[:, 0] - 1], axis=1)
    return Projection(
        points,
        scores,
        (np.arange(12) == 7).astype(np.int8),
        points[:, 0] > 0,
        np.ones(12, dtype=bool),
        np.array([[1.0, 0.0, 0.0], [1.0, 0.1, 1.0], [1.0, 0.0, -1.0]]),
    )


def run(name, *, mended=MENDED, transfer=True, shown=EXAMPLES, both=False):
    rounds = {"strategy": ROUNDS, "prolonged": 3 * ROUNDS, "ceiling": 0}[name.kind]
    rate = mended.get(name.strategy, 0)
    wrong = [max(0, START - rate * number) for number in range(rounds + 1)] if rounds else [6]
    count = BATCH * rounds
    routing = np.tile(np.array([30, 2, 10, 58]), (rounds + 1, 1))
    has_transfer = transfer and name.kind == "strategy"
    return StoredRun(
        name,
        np.stack([errors(number, name.seed) for number in wrong]),
        routing if name.target != "all" else np.zeros((0, 4), dtype=np.int64),
        np.ones((rounds + 1, 7), dtype=np.int64),
        tuple(f"k{number}" for number in range(count)),
        tuple(f"i{number}" for number in range(count)),
        Chosen(
            round=np.repeat(np.arange(1, rounds + 1), BATCH).astype(np.int32),
            on_target=np.arange(count) % 2 == 0,
            tokens=np.full(count, TOKENS.get(name.strategy, 5), dtype=np.int32),
            slots=np.ones(count, dtype=np.int32),
            filled=np.zeros(count, dtype=bool),
            score=np.zeros(count),
        ),
        (shown,) * rounds,
        {1: projection()} if name.kind == "strategy" else {},
        np.stack([errors(wrong[-1] // 2, name.seed), errors(10 if name.strategy == "random" else 8)])[None]
        if has_transfer
        else np.zeros((0, 0, UTTERANCES, 5), np.uint16),
        (rounds,) if has_transfer else (),
        ("svm", "spacy") if has_transfer else (),
        # Without word features half as many are mended.
        errors_without_words=np.stack(
            [errors(START - rate * number // 2, name.seed) for number in range(rounds + 1)]
        )
        if both and name.kind == "strategy"
        else None,
    )


def write_study(
    folder, *, without=lambda _name: False, short_pool=False, mended=MENDED, transfer=True, **changes
):
    """Write a study; `without` names runs that are missing."""
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    options = spec(**changes)
    write_spec(folder, options, [facts(target, short_pool=short_pool) for target in options.targets])
    for name in options.runs():
        if not without(name):
            run(name, mended=mended, transfer=transfer, both=options.words == "both").save(folder)
    record = {"command": ["canvass", "simulate", "my corpus", "-o", "study"], "versions": {"numpy": "2"}, "python": "3.11", "machine": "Linux"}  # fmt: skip
    append(folder, "provenance.jsonl", record)
    append(folder, "seconds.jsonl", {"run": {}, "seconds": {"train": 3.0, "select": 1.0, "wall": 9.0}})
    return folder


__all__ = ["RunName", "run", "spec", "write_study"]
