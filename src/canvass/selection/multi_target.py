"""Plans of several targets that share one labelled set and one pass over the pool.

All committees stand side by side in one table, so that a row is normalised, and its n-grams are found, once for all of
them. Each plan then filters, ranks and chooses as if it were alone: its batch is the same, byte for byte.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from canvass.corpus.normalise import key_of
from canvass.errors import OptionError, TargetError
from canvass.features.extraction import MemberTable, join_tables
from canvass.models.nlu import train_all
from canvass.models.scorer import Scorer
from canvass.models.tagger import FEWEST, ITERATIONS_FOR_SELECTION
from canvass.selection.batch_file import Batch
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.partial import Partial, merge
from canvass.selection.plan import MAX_TOKENS, SIZE, Plan
from canvass.selection.random_sample import RandomSample
from canvass.selection.scored_block import ScoredBlock
from canvass.selection.selection_models import check_options
from canvass.strategies import DEFAULT, strategy_named
from canvass.types import ELSEWHERE, Target, Utterance

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Plans:
    """K plans, and random samples beside them, with the same excluded keys and one limit of tokens.

    Each of them has a partial of its own; these come in the order of `selectors`, and `merge_partials` merges them one
    by one.

    >>> from canvass import Pool, Utterance, select_each
    >>> music = ["play river", "play blue moon", "put on jazz"]
    >>> rest = ["will it rain", "set a timer", "is it cold"]
    >>> labelled = [Utterance(text, domain="music", intent="PlayMusic") for text in music]
    >>> labelled += [Utterance(text, domain="home") for text in rest]
    >>> targets = [Target("domain", "music"), Target("domain", "home")]
    >>> plans = Plans.train(labelled, targets, strategy="uncertainty", size=1)
    >>> pool = Pool.of([Utterance("play the river song"), Utterance("will it rain or snow")])
    >>> [(str(batch.target), len(batch.candidates)) for batch in select_each(plans, pool)]
    [('domain:music', 1), ('domain:home', 1)]
    """

    plans: tuple[Plan, ...]
    samples: tuple[RandomSample, ...] = ()
    _members: MemberTable = field(init=False, repr=False)
    _columns: tuple[slice, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        first = self.selectors[0]
        assert all(
            selector.excluded.keys == first.excluded.keys and selector.max_tokens == first.max_tokens
            for selector in self.selectors
        ), "plans of one pass leave out the same rows"
        # Those that share a committee share its columns.
        tables: list[MemberTable] = []
        starts: list[int] = []
        end = 0
        columns = []
        for table in (selector.members for selector in self.selectors):
            place = next((place for place, known in enumerate(tables) if known is table), None)
            if place is None:
                place = len(tables)
                tables.append(table)
                starts.append(end)
                end += len(table.bias)
            columns.append(slice(starts[place], starts[place] + len(table.bias)))
        # A frozen dataclass with derived fields has no other way.
        object.__setattr__(self, "_members", join_tables(tables))
        object.__setattr__(self, "_columns", tuple(columns))

    @classmethod
    def train(
        cls,
        labelled: Sequence[Utterance],
        targets: Sequence[Target],
        *,
        strategy: str = DEFAULT,
        size: int = SIZE,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
        variety: bool = True,
        scorer: Scorer | None = None,
    ) -> Self:
        """Train a plan for each target; each chooses `size` utterances.

        Raises
        ------
        OptionError
            If a target is given twice, or `all` beside another; and as `Plan.train`.
        TargetError, TrainingError
            As `Plan.train`.

        """
        targets = [target.resolved(labelled) for target in targets]
        check_targets(targets)
        check_options(strategy, size, max_tokens, has_committee=targets[0].kind != "all")
        excluded = ExcludedKeys(key_of(utterance.text) for utterance in labelled)
        trained = train_all(labelled, targets, seed=seed, iterations=ITERATIONS_FOR_SELECTION)
        return cls(
            tuple(
                Plan.of(
                    nlu,
                    excluded,
                    strategy=strategy,
                    size=size,
                    seed=seed,
                    max_tokens=max_tokens,
                    variety=variety,
                    scorer=scorer,
                )
                for nlu in trained
            )
        )

    @property
    def selectors(self) -> tuple[Plan | RandomSample, ...]:
        """All that choose from the pool: the plans, then the samples."""
        return (*self.plans, *self.samples)

    @property
    def model_columns(self) -> tuple[str, ...]:
        """The columns of another model that their strategies rank by; a pool needs one of them."""
        return next((plan.strategy.columns for plan in self.plans if plan.strategy.columns), ())

    def empty(self) -> tuple[Partial, ...]:
        """Make the partials of no rows."""
        return tuple(Partial.empty(selector.capacity) for selector in self.selectors)

    def score_block(self, block: pa.RecordBatch, so_far: Sequence[Partial]) -> tuple[Partial, ...]:
        """Find the best of a block of a pool, for each selector.

        Rows that cannot be chosen in view of the partials `so_far`, of any part of the same pool, are dropped early:
        that saves work, and changes nothing once all partials are merged.
        """
        first = self.selectors[0]
        scored = ScoredBlock.of(block, self._members, max_tokens=first.max_tokens, excluded=first.excluded)
        return tuple(
            selector.find_best(
                scored,
                scored.members[:, columns],
                worst_passed=best.worst_passed,
                worst_backfill=best.worst_backfill,
            )
            for selector, columns, best in zip(self.selectors, self._columns, so_far, strict=True)
        )

    def finish(self, partials: Sequence[Partial]) -> tuple[Batch, ...]:
        """Make the batch of each plan; a candidate names the other targets that have chosen its key.

        Raises
        ------
        InputError
            If no utterance of the pool could be chosen.

        """
        batches = [plan.finish(partial) for plan, partial in zip(self.plans, partials, strict=False)]
        if len(batches) == 1:
            return tuple(batches)
        targets_of: dict[str, list[str]] = {}
        for candidate in itertools.chain.from_iterable(batch.candidates for batch in batches):
            targets_of.setdefault(candidate.key, []).append(candidate.target)
        return tuple(
            replace(
                batch,
                candidates=tuple(
                    replace(
                        candidate,
                        also_for=tuple(
                            name for name in targets_of[candidate.key] if name != candidate.target
                        ),
                    )
                    for candidate in batch.candidates
                ),
            )
            for batch in batches
        )


def merge_partials(left: Sequence[Partial], right: Sequence[Partial]) -> tuple[Partial, ...]:
    """Merge the partials of each selector."""
    return tuple(merge(partial, other) for partial, other in zip(left, right, strict=True))


def check_targets(targets: Sequence[Target]) -> None:
    """Refuse targets that cannot stand together."""
    twice = next((target for place, target in enumerate(targets) if target in targets[:place]), None)
    if twice is not None:
        raise OptionError(f"--target {twice} is given twice; name each target once")
    if len(targets) > 1 and any(target.kind == "all" for target in targets):
        raise OptionError(
            "--target all stands for every utterance; give it alone, or name targets without it"
        )


def domains_of(labelled: Sequence[Utterance], strategy: str) -> tuple[list[Target], list[Target]]:
    """Name every domain of a labelled set as a target, in the order of their names.

    Returns those that the strategy can be trained for, and those that have too few utterances annotated for slots (and
    no intent, where that would do). Raises TargetError if there is no domain that it can be trained for.
    """
    models = strategy_named(strategy).models
    fewest = FEWEST if "tagger" in models else 0
    annotated = Counter(utterance.domain for utterance in labelled if utterance.slots is not None)
    names = sorted({utterance.domain for utterance in labelled if utterance.domain not in {None, ELSEWHERE}})
    domains = [Target("domain", name) for name in names]
    with_intents = {utterance.domain for utterance in labelled if utterance.intent is not None}
    trainable = [
        domain
        for domain in domains
        if annotated[domain.name] >= fewest or ("intents" in models and domain.name in with_intents)
    ]
    if not trainable:
        raise TargetError(
            f"--target each-domain: no domain of LABELLED has {fewest} utterances that are annotated for slots"
            if names
            else "--target each-domain: no utterance of LABELLED has a domain; name another target"
        )
    return trainable, [domain for domain in domains if domain not in trainable]
