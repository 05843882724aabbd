"""What ranking by how often a request was seen changes, where an error counts as often as its request is seen.

    python -m benchmarks.traffic_counts ../shared/data --seeds 6

Corpora have no counts; they are made: the request of rank r is seen N / r times (Zipf), ranks drawn by hash of the key,
or multiplied by the squared length, so that what is frequent is short (`short`). What passes the filter of
`majority-joint` is ranked by count ** a * (1 - p_joint), the largest first; a = 0 is the default. Only the best by
p_joint are ranked anew, or, where it says so, all.

Slot error rates at the end: of `future` requests, which nobody could have annotated, each as often as it is seen; of
`all` traffic, the pool and what was annotated included; and of `future` with each request `once`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from canvass import read_labelled
from canvass.corpus.normalise import key_of
from canvass.evaluation import HeldOut
from canvass.models.nlu import NLU
from canvass.seeding import derived_seed, uniform
from canvass.selection.plan import Plan
from canvass.selection.selection_models import with_selection_models
from canvass.simulation.runs import HiddenPool
from canvass.simulation.start import Corpus, Start
from canvass.strategies import STRATEGIES, Strategy
from canvass.types import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.types import Utterance

    Counts = dict[str, int]

DEFAULT = STRATEGIES["majority-joint"]
RANKINGS = {
    "a = 0": DEFAULT,
    "a = 1/4": replace(DEFAULT, weigh=lambda score, count: count**0.25 * np.expm1(score)),
    "a = 1/2": STRATEGIES["majority-traffic"],
    "a = 1": replace(DEFAULT, weigh=lambda score, count: count * np.expm1(score)),
    "a = 1/2, of all": STRATEGIES["majority-traffic"],
    "random-positive": STRATEGIES["random-positive"],
}
SNIPS, SLURP = (100, 300, 10, 30), (40, 200, 5, 15)  # positives, negatives, rounds, batch
PLACES = (
    ("slurp/dev.jsonl.gz", "domain:calendar", SLURP),
    ("slurp/dev.jsonl.gz", "domain:play", SLURP),
    ("snips/train.jsonl.gz", "intent:AddToPlaylist", SNIPS),
    ("snips/train.jsonl.gz", "intent:BookRestaurant", SNIPS),
)


def zipf(utterances: Sequence[Utterance], head: str, seed: int) -> Counts:
    """Say how often each key is seen."""

    def draw(key: str) -> float:
        return uniform(seed, "traffic", key) * (len(key.split()) ** 2 if head == "short" else 1)

    ranked = sorted({key_of(utterance.text) for utterance in utterances}, key=draw)
    return {key: max(1, round(len(ranked) / rank)) for rank, key in enumerate(ranked, 1)}


def slot_error_rates(nlu: NLU, groups: dict[str, Sequence[Utterance]], counts: Counts) -> dict[str, float]:
    """Measure each group by traffic, and the first with each request once."""
    rates: dict[str, float] = {}
    for name, utterances in groups.items():
        held_out = HeldOut.of(utterances, nlu.target)
        errors = held_out.count(nlu.predict(held_out.texts))
        seen = [counts[key_of(text)] for text in held_out.texts]
        for label, times in ((name, seen), ("once", [1] * len(seen))):
            wrong = sum(count * frame.errors for count, frame in zip(times, errors, strict=True))
            whole = sum(count * frame.weight for count, frame in zip(times, errors, strict=True))
            rates.setdefault(label, round(wrong / whole, 4))
    return rates


def run(
    start: Start, target: Target, *, rounds: int, batch: int, ranking: str, seed: int, counts: Counts
) -> dict[str, float]:
    """Choose, annotate and train round by round; the error rates after the last."""
    pool = HiddenPool.of(
        [replace(utterance, count=counts[key_of(utterance.text)]) for utterance in start.pool]
    )
    strategy: Strategy = RANKINGS[ranking]
    labelled = list(start.labelled)
    for number in range(1, rounds + 1):
        of_round = derived_seed(seed, "round", number)
        nlu = NLU.train(labelled, target, seed=of_round)
        nlu = with_selection_models(nlu, labelled, strategy.name, None)
        plan = Plan.of(
            nlu,
            pool.taken,
            strategy=strategy.name,
            size=batch,
            seed=of_round,
            shortlist=len(start.pool) if ranking.endswith("of all") else 0,
        )
        plan = replace(plan, strategy=strategy)
        chosen = plan.finish(plan.score_block(pool.batch)).candidates
        labelled += [pool.gold[candidate.key] for candidate in chosen]
        pool.take(candidate.key for candidate in chosen)
    nlu = NLU.train(labelled, target, seed=derived_seed(seed, "round", rounds + 1))
    everybody = [*start.test, *start.labelled, *start.pool]
    return slot_error_rates(nlu, {"future": start.test, "all": everybody}, counts)


def main() -> None:
    """Print one JSON object a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--target", action="append")
    options = parser.parse_args()
    for file, words, (positives, negatives, rounds, batch) in PLACES:
        if options.target and words not in options.target:
            continue
        utterances = read_labelled([str(options.data / file)]).utterances
        corpus, target = Corpus.of(utterances), Target.parse(words)
        for seed in range(options.seeds):
            start = corpus.start(target, seed=seed, positives=positives, negatives=negatives)
            for head in ("any", "short"):
                counts = zipf(utterances, head, seed)
                for ranking in RANKINGS:
                    rates = run(
                        start, target, rounds=rounds, batch=batch, ranking=ranking, seed=seed, counts=counts
                    )
                    facts = {"target": words, "head": head, "seed": seed, "ranking": ranking, **rates}
                    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
