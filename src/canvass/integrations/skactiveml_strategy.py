"""The query strategy of scikit-activeml that `as_skactiveml` makes; importing this module needs scikit-activeml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from skactiveml.base import SingleAnnotatorPoolQueryStrategy
from skactiveml.utils import MISSING_LABEL, is_labeled

from canvass.errors import InputError
from canvass.integrations.estimator import seed_of
from canvass.integrations.ranking import Labels, chosen_strategy, rank_features, rank_texts
from canvass.selection.plan import MAX_TOKENS


class CanvassPoolStrategy(SingleAnnotatorPoolQueryStrategy):  # type: ignore[misc]  # the peer has no types
    """A canvass strategy on scikit-activeml's terms; the parameters are those of `as_skactiveml`."""

    def __init__(
        self,
        strategy: str = "majority-as",
        *,
        target: Any = None,
        max_tokens: int = MAX_TOKENS,
        missing_label: Any = MISSING_LABEL,
        random_state: Any = 0,
    ) -> None:
        super().__init__(missing_label=missing_label, random_state=random_state)
        self.strategy = strategy
        self.target = target
        self.max_tokens = max_tokens

    def query(  # type: ignore[override, unused-ignore]
        self,
        X: Any,  # noqa: N803 - scikit-activeml's name
        y: Any,
        *,
        texts: Sequence[str] | None = None,
        slots: Sequence[Any] | None = None,
        candidates: Any = None,
        batch_size: int = 1,
        return_utilities: bool = False,
    ) -> Any:
        """Choose the candidates to be labelled next; it trains models of its own on the labelled rows of y.

        Parameters
        ----------
        X
            Features, dense (N, F). The committee is trained on them where `texts` is None; otherwise they are not read.
        y
            Labels (N,), with `missing_label` where there is none.
        texts
            The texts of all rows (N,).
        slots
            What is annotated, (N,): for each row a list of Slot or of (start, end, label), or None. Only those of
            labelled rows of the target are read.
        candidates, batch_size, return_utilities
            As everywhere in scikit-activeml; candidates that are features, not rows, only without `texts`.

        Returns
        -------
        int64 (batch_size,), the rows in the order of choice; with `return_utilities` also float64 (batch_size, N): the
        largest of a line is chosen (see `canvass.integrations.ranking.Ranking.utilities`).

        Raises
        ------
        OptionError
            If the strategy needs texts or slots that are not given.
        InputError
            If texts or slots are not what they should be, or X is sparse, which scikit-activeml does not take.
        TrainingError
            If the labelled rows cannot train the models of the strategy.

        """
        if issparse(X):
            raise InputError(
                "X is a sparse matrix, which scikit-activeml does not take; pass texts=... and any dense X of as many "
                "rows, or dense features, such as HashedNgrams(bits=10).transform(texts).toarray()"
            )
        strategy, target = chosen_strategy(self.strategy, self.target)
        X, y, candidates, batch_size, return_utilities = self._validate_data(  # noqa: N806
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        if texts is not None and len(texts) != len(X):
            raise InputError(f"texts has {len(texts)} rows, and X {len(X)}; expected a text for each row")
        if batch_size < 1:
            raise InputError("no candidate is left: y has a label for every row, or candidates is empty")
        features, rows = self._transform_candidates(candidates, X, y, enforce_mapping=texts is not None)
        count = len(features) if rows is None else len(X)
        if rows is None:
            rows = np.arange(count)
        else:
            rows = np.unique(rows)
            features = X[rows]
        known = np.flatnonzero(is_labeled(y, self.missing_label_))
        labels = Labels(known, y[known].tolist(), target)
        seed = seed_of(self.random_state)
        if texts is None:
            ranking = rank_features(strategy, X[known], features, rows, labels, seed=seed)
        else:
            ranking = rank_texts(
                strategy,
                texts,
                rows,
                labels,
                slots=slots,
                seed=seed,
                max_tokens=self.max_tokens,
                size=len(rows) if return_utilities else batch_size,
            )
        chosen = ranking.choose(batch_size)
        return (chosen, lines_of(ranking.utilities(count), chosen)) if return_utilities else chosen


def lines_of(utilities: NDArray[np.float64], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Repeat the utilities for each choice, with NaN for what was chosen before it: float64 (batch_size, N)."""
    lines = np.tile(utilities, (len(chosen), 1))
    for line, row in enumerate(chosen[:-1].tolist()):
        lines[line + 1 :, row] = np.nan
    return lines
