"""Play the loop with hidden labels: select from a pool, answer from the gold labels, retrain, measure.

The test set and the start are the same for every strategy, so that two runs of one seed differ only in what they
chose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.errors import InputError, OptionError
from canvass.metrics import Routing, Scores, count_errors, routing, score
from canvass.models.nlu import NLU
from canvass.seeding import derived_seed, generator, uniform
from canvass.selection.local import select
from canvass.selection.plan import Plan
from canvass.strategies import majority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from canvass.types import Target, Utterance

TEST_SHARE = 0.2


@dataclass(frozen=True)
class Start:
    """Where all strategies of one seed start: what is annotated, what could be, and what errors are counted on."""

    labelled: tuple[Utterance, ...]
    pool: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


@dataclass(frozen=True)
class Round:
    """The state after a round: annotations so far, the keys chosen in it, and how good the models were then.

    `scores` are of the reference NLU on the target's test utterances, `routing` of the committee on all of them.
    """

    annotations: int
    chosen: tuple[str, ...]
    on_target: int
    scores: Scores
    routing: Routing | None


def split(
    utterances: Sequence[Utterance],
    target: Target,
    *,
    seed: int,
    positives: int,
    negatives: int,
    test_seed: int = 0,
) -> Start:
    """Split an annotated corpus: a fifth by hash of the key for the test, a labelled set drawn by seed, the pool.

    Keys that occur twice are taken once. The test set depends on `test_seed` alone, so it is the same for all seeds.

    Raises
    ------
    OptionError
        If there are fewer examples than the labelled set is to have.

    """
    once = list({key_of(utterance.text): utterance for utterance in utterances}.values())
    is_test = [uniform(test_seed, "test", key_of(utterance.text)) < TEST_SHARE for utterance in once]
    rest = [utterance for utterance, test in zip(once, is_test, strict=True) if not test]
    order = generator(seed, "split").permutation(len(rest)).tolist()
    ours = [rest[i] for i in order if target.matches(rest[i])]
    others = [rest[i] for i in order if not target.matches(rest[i])]
    for name, there, wanted in (("of the target", ours, positives), ("of others", others, negatives)):
        if len(there) <= wanted:
            raise OptionError(
                f"the corpus has {len(there)} utterances {name} beside the test set, {wanted} are asked"
            )
    return Start(
        tuple(ours[:positives] + others[:negatives]),
        tuple(ours[positives:] + others[negatives:]),
        tuple(utterance for utterance, test in zip(once, is_test, strict=True) if test),
    )


def evaluate(nlu: NLU, test: Sequence[Utterance]) -> tuple[Scores, Routing | None]:
    """Count the errors of a target's NLU on its test utterances, and of its committee on all.

    Utterances of the target that nobody annotated for slots count for the committee only.

    Raises
    ------
    InputError
        If no utterance of the target is annotated for slots.

    """
    ours = [utterance for utterance in test if nlu.target.matches(utterance) and utterance.slots is not None]
    if not ours:
        raise InputError(
            f"no utterance of {nlu.target} is annotated for slots (an empty list says that there are none): there is "
            "nothing to count"
        )
    predictions = nlu.predict([utterance.text for utterance in ours])
    scores = score(
        [
            count_errors(gold.slots or (), predicted.slots, gold.intent, predicted.intent)
            for gold, predicted in zip(ours, predictions, strict=True)
        ]
    )
    if nlu.committee is None:
        return scores, None
    members = nlu.committee.decision_function([utterance.text for utterance in test])
    return scores, routing([nlu.target.matches(utterance) for utterance in test], majority(members))


def play(
    start: Start,
    target: Target,
    strategy: str,
    *,
    rounds: int,
    batch: int,
    seed: int,
    after_round: Callable[[Round], None] | None = None,
) -> list[Round]:
    """Play some rounds with one strategy; the first entry is the state before the first of them."""
    gold = {key_of(utterance.text): utterance for utterance in start.pool}
    labelled = list(start.labelled)
    played: list[Round] = []
    chosen: tuple[str, ...] = ()
    for number in range(rounds + 1):
        if number:
            plan = Plan.train(
                labelled, target, strategy=strategy, size=batch, seed=derived_seed(seed, "round", number)
            )
            hidden = [replace(one, domain=None, intent=None, slots=None) for one in gold.values()]
            chosen = tuple(candidate.key for candidate in select(plan, Pool.of(hidden)).candidates)
            labelled += [gold.pop(key) for key in chosen]
        scores, routed = evaluate(NLU.train(labelled, target, seed=seed), start.test)
        on_target = sum(target.matches(one) for one in labelled[len(labelled) - len(chosen) :])
        played.append(
            Round(len(labelled) - len(start.labelled), chosen, on_target if number else 0, scores, routed)
        )
        if after_round is not None:
            after_round(played[-1])
    return played
