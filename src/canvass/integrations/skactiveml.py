"""canvass' strategies as query strategies of scikit-activeml (the extra `skactiveml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canvass.errors import ExtraMissingError
from canvass.integrations.ranking import chosen_strategy
from canvass.selection.plan import MAX_TOKENS

if TYPE_CHECKING:
    from canvass.integrations.skactiveml_strategy import CanvassPoolStrategy


def as_skactiveml(
    strategy: str, *, target: Any = None, max_tokens: int = MAX_TOKENS, random_state: Any = 0, **options: Any
) -> CanvassPoolStrategy:
    """Make a query strategy of scikit-activeml, a `SingleAnnotatorPoolQueryStrategy`, of a canvass strategy.

    Parameters
    ----------
    strategy
        A name of `canvass.STRATEGIES`. Those that need the committee only rank by X, or by texts; those with a tagger
        need texts and slots.
    target
        The label of y that the budget is spent on; a list, tuple or set of several; None, for `joint` and `random`
        only, where there is no rest.
    max_tokens
        Longer texts are chosen last, where there are texts.
    random_state
        A whole number is canvass' seed.
    options
        `missing_label`, as everywhere in scikit-activeml.

    Raises
    ------
    ExtraMissingError
        If scikit-activeml is not installed.
    OptionError
        If the strategy is unknown, or cannot do without a target.

    """
    try:
        from canvass.integrations.skactiveml_strategy import CanvassPoolStrategy
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "skactiveml":
            raise
        raise ExtraMissingError("as_skactiveml needs scikit-activeml", "skactiveml") from None
    chosen_strategy(strategy, target)
    return CanvassPoolStrategy(
        strategy, target=target, max_tokens=max_tokens, random_state=random_state, **options
    )
