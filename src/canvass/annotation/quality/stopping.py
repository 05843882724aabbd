"""Whether to go on: stabilising predictions (Bloodgood, Vijay-Shanker 2009), in plain words.

"A Method for Stopping Active Learning Based on Stabilizing Predictions and the Need for User-Adjustable Stopping"
(CoNLL 2009): stop when the predictions of successive models on a fixed stop set, which needs no labels, agree with a
mean kappa of at least 0.99 over the last three comparisons. Models after every few answers would nearly always agree,
so those are compared that lie `canvass.annotation.quality.stop_set.STEP` answers apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from canvass.annotation.quality.stop_set import STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.annotation.quality.estimate import Estimate
    from canvass.annotation.store.records import Round

RULE = "stabilising predictions (Bloodgood and Vijay-Shanker 2009)"
COMPARISONS = 3
THRESHOLD = 0.99


class Suggestion(NamedTuple):
    """Whether to go on, in words; the rule it is from, and the mean kappa that it looked at (None: too early)."""

    words: str
    rule: str
    value: float | None


def suggestion(rounds: Sequence[Round], estimate: Estimate | None) -> Suggestion:
    """Suggest whether to go on, from the rounds in their order; `estimate` is mentioned where there is one."""
    kappas = [entry.agreement for entry in rounds if entry.agreement is not None]
    aside = "" if estimate is None else f"; {estimate.words}"
    if len(kappas) < COMPARISONS:
        return Suggestion(
            f"go on: {len(kappas)} of {COMPARISONS} comparisons of models are there; one is made every {STEP} answers, "
            f"so that about {STEP * (COMPARISONS - len(kappas)) + STEP * (not rounds)} more tell{aside}",
            RULE,
            None,
        )
    mean = sum(kappas[-COMPARISONS:]) / COMPARISONS
    if mean >= THRESHOLD:
        return Suggestion(
            f"you may stop: the last answers hardly changed what the models say (mean kappa {mean:.3f} over the last "
            f"{COMPARISONS} comparisons; the rule asks for {THRESHOLD}){aside}",
            RULE,
            mean,
        )
    return Suggestion(
        f"go on: the last answers still changed what the models say (mean kappa {mean:.3f} over the last "
        f"{COMPARISONS} comparisons; the rule asks for {THRESHOLD}){aside}",
        RULE,
        mean,
    )
