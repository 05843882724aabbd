"""Rank the rows of somebody else's pool in memory with a canvass strategy: by their texts, or by a feature matrix.

With texts, canvass' own plan ranks: the choice is that of `canvass.select` from the same requests. Without, the
committee is trained on the features, with the same members, filter and score; ties go by row, and a uniform draw
belongs to the row and not to the key.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.corpus.formats.columns import checked_batch
from canvass.corpus.normalise import key_of
from canvass.errors import InputError, OptionError, TrainingError
from canvass.features.extraction import hash_column
from canvass.integrations.rows import column_of_texts, slots_of_row
from canvass.models.nlu import NLU
from canvass.models.tagger import FEWEST
from canvass.seeding import salt, uniforms
from canvass.selection.partial import Partial, merge
from canvass.selection.plan import Plan
from canvass.selection.variety import in_turns
from canvass.strategies import Evidence, Strategy, nearest_to_zero, strategy_named
from canvass.types import Target, Utterance

Rows = NDArray[np.int64]

LOGGER = logging.getLogger(__name__)
BLOCK = 65_536
TARGET = Target("domain", "target")
REST = "rest"


class Labels(NamedTuple):
    """The labelled rows, int64 (D,); the label of each; and which labels are the target (None: all)."""

    rows: Rows
    labels: Sequence[Hashable]
    target: frozenset[Hashable] | None

    def are_target(self) -> NDArray[np.bool_]:
        """Mark the rows of the target, bool (D,)."""
        target = self.target
        return np.array([target is None or label in target for label in self.labels], dtype=np.bool_)


class Ranking(NamedTuple):
    """Rows in the order in which they are chosen; the smallest score of those that passed the filter comes first.

    `rows` int64 (R,); `scores` float64 (R,): of the strategy for the first `passed` rows (their places, where intents
    take turns), and abs(y_lg) for the others, which would only fill a batch. `left_out` int64: all other candidates;
    where R is less than what was asked for, these are what canvass never chooses (blank, too long, labelled already,
    another copy of a text).
    """

    rows: Rows
    scores: NDArray[np.float64]
    passed: int
    left_out: Rows

    def choose(self, size: int) -> Rows:
        """Choose `size` rows. A peer counts on as many as it asked for: those left out come last."""
        if self.passed < size:
            LOGGER.warning(
                "only %d of %d choices passed the filter; the rest fills the batch", self.passed, size
            )
        return np.concatenate([self.rows, self.left_out])[:size]

    def utilities(self, count: int) -> NDArray[np.float64]:
        """Give each of `count` rows a number of which the largest is chosen first, float64; NaN for no candidate.

        -score for those that passed the filter; for those that did not, 1 + abs(y_lg) less than the least of these and
        of 0; for those left out, 1 less than the least of all.
        """
        utilities = np.full(count, np.nan)
        passed, fill = -self.scores[: self.passed], self.scores[self.passed :]
        filling = passed.min(initial=0.0) - 1.0 - fill
        utilities[self.rows] = np.concatenate([passed, filling])
        utilities[self.left_out] = min(passed.min(initial=0.0), filling.min(initial=0.0)) - 1.0
        return utilities


def chosen_strategy(name: str, target: Any) -> tuple[Strategy, frozenset[Hashable] | None]:
    """Find a strategy, and the labels that are its target: one, several in a list, tuple or set, or None for all.

    Raises OptionError if the strategy is unknown, or cannot do without a target.
    """
    strategy = strategy_named(name)
    if strategy.columns:
        raise OptionError(
            f"strategy {name!r} ranks by what another model wrote into a pool (canvass select reads it), and there is "
            "no such pool here; rank by that model itself, or take 'majority-joint'"
        )
    if strategy.weigh is not None:
        raise OptionError(
            f"strategy {name!r} ranks by how often a request was seen in a pool (canvass select reads it), and rows "
            "have no counts here; take 'majority-joint' or 'joint'"
        )
    if "committee" in strategy.models and target is None:
        raise OptionError(
            f"strategy {name!r} needs a committee that tells a target from the rest: pass target=..., a label of y "
            "or a list of several; or take 'joint' or 'random'"
        )
    if target is None:
        return strategy, None
    several = target if isinstance(target, list | tuple | set | frozenset) else [target]
    return strategy, frozenset(several)


def rank_texts(
    strategy: Strategy,
    texts: Sequence[str],
    candidates: Rows,
    labels: Labels,
    *,
    slots: Sequence[Any] | None,
    seed: int,
    max_tokens: int,
    size: int,
) -> Ranking:
    """Rank candidates by their texts, as `canvass.select` does without variety; at least the `size` best are in order.

    `texts` (N,), one for each row, labelled or not; `slots` (N,), read for labelled rows only: a list of Slot or of
    (start, end, label), or None where nobody annotated them; `candidates` int64 rows.

    Raises OptionError if the strategy needs slots, and there are none, InputError if texts or slots are not what they
    should be, and TrainingError if the labelled rows cannot train the models of the strategy.
    """
    column = column_of_texts(texts, "texts")
    utterances = labelled_utterances(strategy, column, labels, slots)
    excluded = (key_of(utterance.text) for utterance in utterances)
    if strategy.models:
        target = Target("all") if labels.target is None else TARGET
        plan = Plan.train(
            utterances, target, strategy=strategy.name, size=size, seed=seed, max_tokens=max_tokens
        )
    else:
        nothing = NLU(Target("all"), None, None, None, 0, 0)
        plan = Plan.of(nothing, excluded, strategy=strategy.name, size=size, seed=seed, max_tokens=max_tokens)
    best = Partial.empty(plan.capacity)
    for start in range(0, len(candidates), BLOCK):
        block = block_of(column, candidates[start : start + BLOCK])
        partial = plan.score_block(block, worst_passed=best.worst_passed, worst_backfill=best.worst_backfill)
        best = merge(best, partial)
    ordered = pa.concat_tables([best.passed, best.backfill])
    scores = ordered["score"].to_numpy()
    if strategy.balanced:
        ordered = ordered.take(in_turns(ordered["key"].to_pylist(), plan.nlu, size))
        scores = np.arange(len(scores), dtype=np.float64)
    rows = np.array(ordered["id"].to_pylist(), dtype=np.int64)
    left_out = candidates[~np.isin(candidates, rows)]
    return Ranking(rows, scores, best.passed.num_rows, left_out)


def block_of(column: pa.Array, rows: Rows) -> pa.RecordBatch:
    """Make a block of some rows of a pool. Ids are row numbers that sort as such: the first of equal texts stands."""
    ids = pa.array([f"{row:012d}" for row in rows.tolist()], type=pa.string())
    return checked_batch(column.take(pa.array(rows)), ids, None)


def labelled_utterances(
    strategy: Strategy, column: pa.Array, labels: Labels, slots: Sequence[Any] | None
) -> list[Utterance]:
    """Make canvass' labelled set, with what the models of the strategy are trained on and no more."""
    if slots is not None and len(slots) != len(column):
        raise InputError(
            f"slots has {len(slots)} rows, and texts {len(column)}; expected one entry for each text, None where "
            "nobody annotated it"
        )
    with_slots, with_intents = "tagger" in strategy.models, "intents" in strategy.models
    if with_slots and slots is None:
        raise OptionError(
            f"strategy {strategy.name!r} trains a slot tagger: pass slots=... to query, for each row a list of "
            "(start, end, label), or None where nobody annotated it"
        )
    targets = labels.are_target()
    check_labels(strategy, labels, targets)
    labelled = [
        Utterance(
            text=text,
            domain=TARGET.name if is_target else REST,
            intent=str(label) if is_target and with_intents else None,
            slots=slots_of_row(slots[row], row) if slots is not None and is_target and with_slots else None,
        )
        for row, text, label, is_target in zip(
            labels.rows.tolist(),
            column.take(pa.array(labels.rows)).to_pylist(),
            labels.labels,
            targets.tolist(),
            strict=True,
        )
    ]
    annotated = sum(utterance.slots is not None for utterance in labelled)
    if with_slots and annotated < FEWEST:
        raise TrainingError(
            f"strategy {strategy.name!r} trains a slot tagger on the labelled rows of the target that are annotated "
            f"for slots (an empty list says that there are none), and needs at least {FEWEST}; there are {annotated}"
        )
    return labelled


def check_labels(strategy: Strategy, labels: Labels, targets: NDArray[np.bool_]) -> None:
    """Refuse labelled rows that cannot train a committee; `targets` bool (D,)."""
    if not strategy.models or labels.target is None or (targets.any() and not targets.all()):
        return
    named = ", ".join(sorted({repr(label) for label in labels.labels})[:20]) or "no label yet"
    raise TrainingError(
        f"strategy {strategy.name!r} needs labelled rows of the target ({listed(labels.target)}) and of others; "
        f"there are {int(targets.sum())} and {int((~targets).sum())} (in y: {named}); label some of each, or begin "
        "with 'random'"
    )


def listed(target: frozenset[Hashable] | None) -> str:
    """Name the labels of a target."""
    return "all" if target is None else ", ".join(sorted(map(repr, target)))


def rank_features(
    strategy: Strategy,
    labelled_features: Any,
    features: Any,
    candidates: Rows,
    labels: Labels,
    *,
    seed: int,
) -> Ranking:
    """Rank candidates by their features, dense or CSR: `labelled_features` (D, F), `features` those of `candidates`.

    Raises OptionError if the strategy looks at texts, and TrainingError if the labelled rows cannot train a committee.
    """
    if strategy.models & {"intents", "tagger"}:
        needed = (
            "a slot tagger, which reads texts: pass texts=... and slots=..."
            if "tagger" in strategy.models
            else "models of texts: pass texts=..."
        )
        raise OptionError(
            f"strategy {strategy.name!r} ranks by {needed} to query; with features alone take one that needs the "
            "committee only, such as 'majority-as'"
        )
    count = len(candidates)
    members = np.zeros((count, 0))
    if strategy.models:
        from canvass.integrations.estimator import CommitteeClassifier

        targets = labels.are_target()
        check_labels(strategy, labels, targets)
        members = (
            CommitteeClassifier(random_state=seed).fit(labelled_features, targets).member_scores(features)
        )
    hashes = hash_column(pa.array(candidates).cast(pa.string()))
    nothing = np.zeros(count)
    evidence = Evidence(
        members,
        nothing,
        nothing,
        np.ones(count, dtype=np.int32),
        uniforms(salt(seed, "selection"), hashes),
        *[nothing] * 5,
    )
    keep = np.ones(count, dtype=np.bool_) if strategy.keep is None else strategy.keep(members)
    scores = np.where(keep, strategy.score(evidence), nearest_to_zero(members) if strategy.models else 0.0)
    order = np.lexsort((candidates, scores, ~keep))
    return Ranking(candidates[order], scores[order], int(keep.sum()), candidates[:0])
