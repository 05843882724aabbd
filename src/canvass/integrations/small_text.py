"""canvass' strategies as query strategies of small-text (the extra `small-text`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canvass.errors import ExtraMissingError
from canvass.integrations.ranking import chosen_strategy
from canvass.selection.plan import MAX_TOKENS

if TYPE_CHECKING:
    from canvass.integrations.small_text_strategy import CanvassQueryStrategy


def as_small_text(
    strategy: str, *, target: Any = None, max_tokens: int = MAX_TOKENS, seed: int = 0
) -> CanvassQueryStrategy:
    """Make a query strategy of small-text, for its `PoolBasedActiveLearner`, of a canvass strategy.

    Parameters
    ----------
    strategy
        A name of `canvass.STRATEGIES`. Those that need the committee only rank by a dataset's texts or features; those
        with a tagger need texts and slots.
    target
        The label that the budget is spent on; a list, tuple or set of several; None, for `joint` and `random` only,
        where there is no rest.
    max_tokens
        Longer texts are chosen last, where there are texts.
    seed
        canvass' seed.

    Raises
    ------
    ExtraMissingError
        If small-text is not installed.
    OptionError
        If the strategy is unknown, or cannot do without a target.

    """
    try:
        from canvass.integrations.small_text_strategy import CanvassQueryStrategy
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "small_text":
            raise
        raise ExtraMissingError("as_small_text needs small-text", "small-text") from None
    chosen_strategy(strategy, target)
    return CanvassQueryStrategy(strategy, target=target, max_tokens=max_tokens, seed=seed)
