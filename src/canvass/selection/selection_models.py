"""The models that select, and what a strategy needs of a labelled set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from canvass.errors import OptionError, TrainingError
from canvass.features.word_features import WordFeatures
from canvass.models.nlu import NLU, train_predictors, train_tagger
from canvass.models.tagger import FEWEST, ITERATIONS_FOR_SELECTION
from canvass.strategies import Strategy, strategy_named
from canvass.types import ALL, Target, Utterance

FEW_POSITIVES = 20
ENOUGH = 3  # times the size: a ranking of fewer keys had little to choose from


def with_selection_models(
    nlu: NLU, labelled: Sequence[Utterance], strategy: str, words: WordFeatures | None
) -> NLU:
    """Give the reference NLU of a labelled set the models that `Plan.train` would train, if the strategy needs them.

    `words` are the features that the reference NLU has, and the selecting models have not: what is chosen is to suit
    models that do not have them, too.
    """
    return replace(nlu, **selection_models(labelled, nlu.target, strategy, words))


def selection_models(
    labelled: Sequence[Utterance], target: Target, strategy: str, words: WordFeatures | None
) -> dict[str, Any]:
    """Train what `with_selection_models` puts into the place of models of the same names."""
    models = strategy_named(strategy).models
    if not models & {"intents", "tagger"} or (words is None and "tagger" not in models):
        return {}
    if words is None:
        return {"tagger": train_tagger(labelled, target)}
    intents, tagger = train_predictors(labelled, target, iterations=ITERATIONS_FOR_SELECTION)
    return {"intents": intents, "tagger": tagger}


def check_models(strategy: Strategy, target: Target, *, intents: Collection[str], annotated: int) -> None:
    """Refuse a strategy whose score has nothing to go by.

    Parameters
    ----------
    strategy, target
        Which, for what.
    intents
        The different intents of the target's utterances.
    annotated
        How many utterances of the target are annotated for slots.

    Raises
    ------
    TrainingError
        If it needs a tagger, and cannot do with the intents instead; or intents, and there are not two.

    """
    if not strategy.models & {"intents", "tagger"} or ("tagger" in strategy.models and annotated >= FEWEST):
        return
    fewest = 1 if "committee" in strategy.models else 2
    if "intents" in strategy.models and len(intents) >= fewest:
        return  # the score is the product of what there is
    if "tagger" not in strategy.models:
        raise TrainingError(
            f"--strategy {strategy.name} needs at least {fewest} different intents of {target}, and LABELLED has "
            f"{len(intents)}; annotate some"
        )
    instead = f", or intents (at least {fewest} different)" if "intents" in strategy.models else ""
    raise TrainingError(
        f"--strategy {strategy.name} needs a slot tagger, and that needs at least {FEWEST} utterances of {target} that "
        f"are annotated for slots (an empty list says that there are none){instead}; LABELLED has {annotated}"
    )


def check_options(strategy: str, size: int, max_tokens: int, *, has_committee: bool) -> Strategy:
    """Find the strategy, and refuse options that make no sense: before any model is trained."""
    for name, value in (("--size", size), ("--max-tokens", max_tokens)):
        if value < 1:
            raise OptionError(f"{name} {value} makes no sense; it must be at least 1")
    row = strategy_named(strategy)
    if "committee" in row.models and not has_committee:
        raise OptionError(
            f"--strategy {row.name} needs a committee that tells the target from the rest, and with --target "
            "all there is no rest; take --strategy margin-balanced or random"
        )
    return row


def shortages(nlu: NLU, strategy: Strategy, size: int, passed: int, chosen: int) -> tuple[str, ...]:
    """Say what a batch of `chosen` of `size` requests lacked: keys that passed the filter, and labelled examples."""
    warnings = []
    if chosen < size:
        warnings.append(
            f"the pool had only {chosen} candidates for a batch of {size}; {min(passed, chosen)} passed "
            "the filter"
        )
    elif passed < ENOUGH * size:
        warnings.append(
            f"only {passed} different utterances passed the filter, "
            f"fewer than {ENOUGH} x {size}: the ranking had little to choose from; use a larger pool or a "
            "smaller --size"
        )
    if "tagger" in strategy.models and nlu.tagger is not None and not nlu.tagger.knows_slots:
        warnings.append(
            "no labelled utterance of the target has a slot: the tagger is always sure, and "
            f"{strategy.name} ranks by its other factors alone"
        )
    if "intents" in strategy.models and not nlu.intent_names and nlu.tagger is not None:
        warnings.append("no labelled utterance of the target has an intent: p_intent counts as 1")
    if "tagger" in strategy.models and nlu.tagger is None and nlu.annotated:
        warnings.append(
            f"only {nlu.annotated} labelled utterance of the target is annotated for slots, and a tagger needs "
            f"{FEWEST}: p_crf counts as 1"
        )
    if nlu.target.kind != ALL and nlu.positives < FEW_POSITIVES:
        warnings.append(
            f"LABELLED has only {nlu.positives} utterances of {nlu.target}: expect a rough committee; "
            f"{FEW_POSITIVES} or more are a good start"
        )
    return tuple(warnings)
