"""What a study's corpus is: its digest, and what each target's runs start from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from canvass.errors import OptionError
from canvass.evaluation import HeldOut
from canvass.simulation.budget import cost
from canvass.simulation.spec import ENOUGH, TIMES, TargetFacts
from canvass.types import Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass.simulation.spec import Spec
    from canvass.simulation.start import Corpus
    from canvass.types import Utterance


def digest_of(utterances: Iterable[Utterance]) -> str:
    """Digest annotated utterances, in whatever order they come."""
    lines = sorted(
        json.dumps(
            [
                one.text,
                one.id,
                one.count,
                one.domain,
                one.intent,
                one.split,
                None if one.slots is None else [(slot.start, slot.end, slot.label) for slot in one.slots],
            ],
            ensure_ascii=False,
        )
        for one in utterances
    )
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def facts_of(corpus: Corpus, spec: Spec, name: str) -> TargetFacts:
    """Count what the runs of a target start from.

    Raises
    ------
    OptionError
        If the corpus has too few utterances for the labelled set, or for the budget.
    InputError
        If no test utterance of the target is annotated for slots.

    """
    target = Target.parse(name)
    start = corpus.start(
        target, seed=0, positives=spec.seed_size, negatives=spec.negatives, pool_share=spec.pool_share
    )
    held_out = HeldOut.of(start.test, target)
    ours = [one for one in start.pool if target.matches(one)]
    mean_cost = sum(cost(one, spec.budget_unit) for one in ours) / max(1, len(ours))
    budget = sum(spec.schedule)
    utterances = round(budget / max(1.0, mean_cost))
    if len(start.pool) < TIMES * utterances:
        raise OptionError(
            f"the pool of {target} has {len(start.pool)} utterances, and the run that goes on to {TIMES} times the "
            f"budget takes {TIMES * utterances}; spend less, or give a larger corpus"
        )
    return TargetFacts(
        target=name,
        labelled=len(start.labelled),
        pool=len(start.pool),
        pool_target=len(ours),
        test=len(start.test),
        test_target=len(held_out.ours),
        budget=budget,
        budget_utterances=utterances,
        short_pool=len(ours) < ENOUGH * utterances,
    )
