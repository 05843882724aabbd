"""canvass' strategies as query strategies of scikit-activeml and of small-text (the extras of these names)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canvass.errors import needing
from canvass.integrations.ranking import chosen_strategy
from canvass.selection.plan import MAX_TOKENS

if TYPE_CHECKING:
    from canvass.integrations.skactiveml_strategy import CanvassPoolStrategy
    from canvass.integrations.small_text_strategy import CanvassQueryStrategy


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
    with needing("as_skactiveml needs scikit-activeml", "skactiveml", library="skactiveml"):
        from canvass.integrations.skactiveml_strategy import CanvassPoolStrategy
    chosen_strategy(strategy, target)
    return CanvassPoolStrategy(
        strategy, target=target, max_tokens=max_tokens, random_state=random_state, **options
    )


def as_small_text(
    strategy: str, *, target: Any = None, max_tokens: int = MAX_TOKENS, seed: int = 0
) -> CanvassQueryStrategy:
    """Make a query strategy of small-text, for its `PoolBasedActiveLearner`, of a canvass strategy.

    Parameters and errors are those of `as_skactiveml`, with texts or features from small-text's dataset, and canvass'
    `seed` in the place of `random_state`.
    """
    with needing("as_small_text needs small-text", "small-text", library="small_text"):
        from canvass.integrations.small_text_strategy import CanvassQueryStrategy
    chosen_strategy(strategy, target)
    return CanvassQueryStrategy(strategy, target=target, max_tokens=max_tokens, seed=seed)
