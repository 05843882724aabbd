"""Facts of a study's corpus: its digest, and the number of utterances that the runs of each target start from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from canvass.errors import OptionError
from canvass.evaluation import HeldOut
from canvass.simulation.budget import cost
from canvass.simulation.spec import PROLONGED_TIMES, SHORT_POOL_TIMES, TargetFacts
from canvass.types import Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass.simulation.runs import Opinions
    from canvass.simulation.spec import Spec
    from canvass.simulation.start import Corpus
    from canvass.types import Utterance


def digest_of(utterances: Iterable[Utterance], opinions: Opinions | None = None) -> str:
    """Compute the BLAKE2b digest (16 bytes, hexadecimal) of annotated utterances, whatever their order.

    Another model's opinions of them, if there are any, belong to it.
    """
    lines = sorted(
        json.dumps(
            [
                utterance.text,
                utterance.id,
                utterance.count,
                utterance.domain,
                utterance.intent,
                utterance.split,
                None
                if utterance.slots is None
                else [(slot.start, slot.end, slot.label) for slot in utterance.slots],
            ],
            ensure_ascii=False,
        )
        for utterance in utterances
    )
    lines += sorted(
        json.dumps([key, dict(given)], ensure_ascii=False) for key, given in (opinions or {}).items()
    )
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def facts_of(corpus: Corpus, spec: Spec, name: str) -> TargetFacts:
    """Count the utterances that the runs of a target start from.

    Raises OptionError if the corpus has too few utterances for the labelled set, or for the budget; InputError if no
    test utterance of the target is annotated for slots.
    """
    target = Target.parse(name)
    start = corpus.start(
        target, seed=0, positives=spec.seed_size, negatives=spec.negatives, pool_share=spec.pool_share
    )
    held_out = HeldOut.of(start.test, target)
    of_target = [utterance for utterance in start.pool if target.matches(utterance)]
    mean_cost = sum(cost(utterance, spec.budget_unit) for utterance in of_target) / max(1, len(of_target))
    budget = sum(spec.schedule)
    utterances = round(budget / max(1.0, mean_cost))
    if len(start.pool) < PROLONGED_TIMES * utterances:
        raise OptionError(
            f"the pool of {target} has {len(start.pool)} utterances, and the run that goes on to "
            f"{PROLONGED_TIMES} times the budget takes {PROLONGED_TIMES * utterances}; spend less, or give a larger "
            "corpus"
        )
    return TargetFacts(
        target=name,
        labelled=len(start.labelled),
        pool=len(start.pool),
        pool_target=len(of_target),
        test=len(start.test),
        test_target=len(held_out.ours),
        budget=budget,
        budget_utterances=utterances,
        short_pool=len(of_target) < SHORT_POOL_TIMES * utterances,
    )
