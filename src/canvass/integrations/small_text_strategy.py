"""The query strategy of small-text that `as_small_text` makes; importing this module needs small-text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from small_text import QueryStrategy

from canvass.errors import InputError, OptionError
from canvass.integrations.ranking import Labels, chosen_strategy, rank_features, rank_texts
from canvass.selection.plan import MAX_TOKENS


class CanvassQueryStrategy(QueryStrategy):  # type: ignore[misc]  # the peer has no types
    """A canvass strategy on small-text's terms; the parameters are those of `as_small_text`."""

    def __init__(
        self, strategy: str, *, target: Any = None, max_tokens: int = MAX_TOKENS, seed: int = 0
    ) -> None:
        self.strategy = strategy
        self.target = target
        self.max_tokens = max_tokens
        self.seed = seed

    def query(  # noqa: PLR0917 - small-text's signature
        self,
        clf: Any,  # noqa: ARG002
        dataset: Any,
        indices_unlabeled: NDArray[np.int64],
        indices_labeled: NDArray[np.int64],
        y: Any,
        n: int = 10,
        *,
        texts: Sequence[str] | None = None,
        slots: Sequence[Any] | None = None,
    ) -> NDArray[np.int64]:
        """Choose n of the unlabelled rows; it trains models of its own on the labelled ones, and leaves `clf` alone.

        Parameters
        ----------
        dataset
            N rows. Where `texts` is None, those of a dataset of texts are taken; the committee is trained on the
            features of any other.
        indices_unlabeled, indices_labeled, y, n
            As everywhere in small-text; one label for each row.
        texts, slots
            As in `as_skactiveml`; `learner.query(n, query_strategy_kwargs={"texts": ..., "slots": ...})`.

        Returns
        -------
        int64 (n,): rows of the dataset in the order of choice.

        Raises
        ------
        small_text.EmptyPoolException, small_text.PoolExhaustedException
            If there are not as many unlabelled rows.
        OptionError
            If the strategy needs texts or slots that are not given, or rows have several labels.
        InputError
            If texts, features or slots are not what they should be.
        TrainingError
            If the labelled rows cannot train the models of the strategy.

        """
        self._validate_query_input(indices_unlabeled, n)
        strategy, target = chosen_strategy(self.strategy, self.target)
        if issparse(y):
            raise OptionError(
                "the rows have several labels each, and a canvass strategy needs one; pass for y whether a row is of "
                "the target"
            )
        labels = Labels(np.asarray(indices_labeled, dtype=np.int64), np.asarray(y).tolist(), target)
        rows = np.asarray(indices_unlabeled, dtype=np.int64)
        features = getattr(dataset, "x", dataset)
        if texts is None and isinstance(features, list) and isinstance(next(iter(features), None), str):
            texts = features
        if texts is None:
            if isinstance(features, list):
                raise InputError(
                    "the dataset has neither texts nor a feature matrix that a committee could be trained on; pass "
                    'query_strategy_kwargs={"texts": ...}'
                )
            ranking = rank_features(
                strategy, features[labels.rows], features[rows], rows, labels, seed=self.seed
            )
        else:
            count = features.shape[0] if hasattr(features, "shape") else len(features)
            if len(texts) != count:
                raise InputError(
                    f"texts has {len(texts)} rows, and the dataset {count}; expected a text for each row"
                )
            ranking = rank_texts(
                strategy,
                texts,
                rows,
                labels,
                slots=slots,
                seed=self.seed,
                max_tokens=self.max_tokens,
                size=n,
            )
        return ranking.choose(n)

    def __str__(self) -> str:
        return f"CanvassQueryStrategy({self.strategy!r}, target={self.target!r})"
