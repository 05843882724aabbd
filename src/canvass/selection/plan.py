"""The plan of a selection: everything that decides *which* utterances are chosen, but the strategy itself.

An engine scores blocks of the pool, merges their partials, and calls `Plan.finish` with what is left. Whatever it does
in between (threads, processes, a cluster, any order) changes nothing: every score is a function of the key alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.corpus.normalise import key_of
from canvass.errors import InputError, OptionError, ScorerError
from canvass.features.extraction import MemberTable, score_column
from canvass.models.committee import MEMBERS
from canvass.models.nlu import NLU
from canvass.models.scorer import Scorer
from canvass.models.tagger import ITERATIONS_FOR_SELECTION
from canvass.seeding import salt, uniforms
from canvass.selection.batch_file import Batch, shown_with
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.partial import SCHEMA, Counters, Partial, with_scores
from canvass.selection.scored_block import NO_MEMBERS, ScoredBlock
from canvass.selection.selection_models import check_models, check_options, shortages
from canvass.selection.sketch import add_hashes, empty_sketch
from canvass.selection.variety import Thinned, capacity_for, folded, in_turns, thin
from canvass.strategies import (
    DEFAULT,
    GIVEN_PROBABILITIES,
    Evidence,
    Strategy,
    by_chance,
    check_scorer,
    nearest_to_zero,
)
from canvass.types import Candidate, ModelAnswer, Target, Utterance, Why

MAX_TOKENS = 40
SIZE = 500
SMALLEST_PROBABILITY = 2.0**-1022


@dataclass(frozen=True)
class Plan:
    """Trained models, a strategy, and how many utterances to choose.

    `excluded` are keys that must not be chosen: those of the labelled set. With `variety`, near copies of one another
    take turns in the batch (see `canvass.selection.variety`), unless it is drawn at random.

    With a `scorer`, the batch is chosen from the `shortlist` best: `finish` asks it for their probabilities, which take
    the place of ours in the score. Workers have the number and no scorer.
    """

    nlu: NLU
    strategy: Strategy
    size: int
    seed: int
    max_tokens: int
    excluded: ExcludedKeys
    variety: bool = True
    scorer: Scorer | None = None
    shortlist: int = 0

    why: ClassVar[tuple[Why, Why]] = ("fill", "filter")  # of what did not pass the filter, and of what did

    @classmethod
    def train(
        cls,
        labelled: Sequence[Utterance],
        target: Target,
        *,
        strategy: str = DEFAULT,
        size: int = SIZE,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
        variety: bool = True,
        scorer: Scorer | None = None,
    ) -> Self:
        """Train what the strategy needs, and whatever else LABELLED allows, so that predictions can be shown.

        Raises
        ------
        OptionError
            If the strategy is unknown, does not go with the target, or a number makes no sense.
        TargetError, TrainingError
            If the labelled set cannot train the models of the strategy.

        """
        check_options(strategy, size, max_tokens, has_committee=target.kind != "all")
        nlu = NLU.train(labelled, target, seed=seed, iterations=ITERATIONS_FOR_SELECTION)
        return cls.of(
            nlu,
            (key_of(utterance.text) for utterance in labelled),
            strategy=strategy,
            size=size,
            seed=seed,
            max_tokens=max_tokens,
            variety=variety,
            scorer=scorer,
        )

    @classmethod
    def of(
        cls,
        nlu: NLU,
        excluded: Iterable[str] | ExcludedKeys,
        *,
        strategy: str = DEFAULT,
        size: int = SIZE,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
        variety: bool = True,
        scorer: Scorer | None = None,
        shortlist: int = 0,
    ) -> Self:
        """Plan with models that are trained already; `excluded` are keys, `shortlist` is that of the scorer."""
        excluded_keys = excluded if isinstance(excluded, ExcludedKeys) else ExcludedKeys(excluded)
        row = check_options(strategy, size, max_tokens, has_committee=nlu.committee is not None)
        check_models(row, nlu.target, intents=nlu.intent_names, annotated=nlu.annotated)
        if scorer is not None:
            check_scorer(row, scorer.shortlist, size)
            shortlist = scorer.shortlist
        return cls(nlu, row, size, seed, max_tokens, excluded_keys, variety, scorer, shortlist)

    @property
    def capacity(self) -> int:
        """How many candidates a partial keeps, at least `size`: what `finish` needs to make the batch."""
        return self.shortlist or capacity_for(self.size)

    @property
    def members(self) -> MemberTable:
        """The weights that must be summed for each row of the pool; those of no member without a committee."""
        return NO_MEMBERS if self.nlu.committee is None else self.nlu.committee.members

    def score_block(
        self, block: pa.RecordBatch, *, worst_passed: float = np.inf, worst_backfill: float = np.inf
    ) -> Partial:
        """Find the best of a block of a pool.

        `worst_passed` and `worst_backfill` are scores beyond which nothing can enter the batch any more, from partials
        that will be merged with this one: they only save work.
        """
        scored = ScoredBlock.of(block, self.members, max_tokens=self.max_tokens, excluded=self.excluded)
        return self.find_best(
            scored, scored.members, worst_passed=worst_passed, worst_backfill=worst_backfill
        )

    def find_best(
        self, block: ScoredBlock, members: NDArray[np.float64], *, worst_passed: float, worst_backfill: float
    ) -> Partial:
        """Find the best of a scored block; `members` float64 (N, M) are the scores of this plan's own members."""
        passes = self.filter(block, members)
        rows = np.flatnonzero(passes)
        distinct_passed = empty_sketch()
        add_hashes(block.hashes[rows], np.ones(len(rows), dtype=np.bool_), distinct_passed)
        scores = self._rank(block, members, rows)
        passed = block.best(rows, scores, capacity=self.capacity, bound=worst_passed)
        backfill = SCHEMA.empty_table()
        has_rest = self.strategy.keep is not None
        if has_rest and passed.num_rows < self.capacity and worst_backfill > -np.inf:
            rest, distances = self.rank_rest(block, members, np.flatnonzero(block.eligible & ~passes))
            backfill = block.best(rest, distances, capacity=self.capacity, bound=worst_backfill)
        counters = replace(block.counters, passed=len(rows))
        return Partial(self.capacity, passed, backfill, counters, block.distinct, distinct_passed)

    def filter(self, block: ScoredBlock, members: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which rows pass the strategy's filter and may be chosen: bool (N,)."""
        keep = self.strategy.keep
        return block.eligible if keep is None else block.eligible & keep(members)

    def rank_rest(
        self, block: ScoredBlock, members: NDArray[np.float64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rank what would fill the batch: of `rows` int64 (R,), those that may, and the score of each, float64."""
        del block
        return rows, nearest_to_zero(members[rows])

    def _rank(
        self, block: ScoredBlock, members: NDArray[np.float64], rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Compute the strategy's score of the rows that passed."""
        evidence = self._evidence(
            block.keys.take(pa.array(rows)), members[rows], block.lengths[rows], block.hashes[rows]
        )
        given = self._given(block.batch, rows)
        given_intent = given.get("intent_probability", evidence.log_intent)
        given_slots = given.get("slots_probability", evidence.log_crf)
        return self.strategy.score(
            evidence._replace(
                given_score=given.get("score", given_intent + given_slots),
                given_intent=given_intent,
                given_slots=given_slots,
            )
        )

    def _evidence(
        self,
        column: pa.Array,
        members: NDArray[np.float64],
        lengths: NDArray[np.int32],
        hashes: NDArray[np.uint64],
    ) -> Evidence:
        """Compute what the score may look at of N keys, as far as the strategy needs it, without another model's."""
        nothing = np.zeros(len(column))
        log_intent = log_crf = margin = entropy = nothing
        if self.strategy.models & {"intents", "tagger"} and len(column):
            # A key that stands there more than once is looked at once.
            encoded = column.dictionary_encode()
            places = encoded.indices.to_numpy()
            sure = self.nlu.confidence(
                encoded.dictionary,
                tags="tagger" in self.strategy.models,
            )
            log_intent, log_crf, _, margin, entropy = (values[places] for values in sure)
        uniform = uniforms(salt(self.seed, "selection"), hashes)
        return Evidence(
            members, log_intent, log_crf, lengths, uniform, margin, entropy, nothing, nothing, nothing
        )

    def _asked(self, partial: Partial, scorer: Scorer) -> tuple[Partial, dict[str, ModelAnswer]]:
        """Rank the shortlist anew by what the scorer says of it; the answers are by key."""
        rows = partial.passed.slice(0, self.shortlist)
        answers = scorer.answers(rows["text"].to_pylist())
        if not answers:
            return partial, {}
        intents, slots = ([getattr(answer, name) for answer in answers] for name in GIVEN_PROBABILITIES)
        useful = {"intents": intents[0] is not None, "tagger": slots[0] is not None}
        if not any(useful[model] for model in ("intents", "tagger") if model in self.strategy.models):
            raise ScorerError(
                f"--scorer {scorer.address} says {'slots' if useful['tagger'] else 'intents'} alone, and --strategy "
                f"{self.strategy.name} does not rank by these; take majority-joint, joint or least-confidence"
            )
        column = rows["key"].combine_chunks()
        scored = score_column(column, self.members, limit=self.max_tokens)
        evidence = self._evidence(column, scored.scores, scored.lengths, scored.hashes)
        if useful["intents"]:
            chances = np.array(intents, dtype=np.float64)
            # It names no second intent, whose probability would be taken off.
            evidence = evidence._replace(log_intent=_logs(chances), margin=chances)
        if useful["tagger"]:
            evidence = evidence._replace(log_crf=_logs(np.array(slots, dtype=np.float64)))
        ranked = with_scores(rows, self.strategy.score(evidence) + 0.0)
        return replace(partial, passed=ranked.sort_by([("score", "ascending"), ("key", "ascending")])), dict(
            zip(column.to_pylist(), answers, strict=True)
        )

    def _given(self, batch: pa.RecordBatch, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Take what another model says in the columns of the pool: its score, and the logs of its probabilities."""
        given = {
            role: batch.column(role).to_numpy()[rows]
            for role in ("score", *GIVEN_PROBABILITIES)
            if role in batch.schema.names
        }
        if not given.keys() & {*self.strategy.columns} and self.strategy.columns:
            raise OptionError(
                f"--strategy {self.strategy.name} ranks by {' or '.join(self.strategy.columns)}, columns of the pool "
                "that another model has filled, and the pool was opened without; open it with "
                "model_columns=strategy.columns"
            )
        # 0.0 for -0.0, so that equal scores have equal bytes.
        return {role: values + 0.0 if role == "score" else _logs(values) for role, values in given.items()}

    def finish(self, partial: Partial) -> Batch:
        """Make the batch of the partial of the whole pool.

        Raises
        ------
        InputError
            If no utterance of the pool could be chosen.

        """
        answers: dict[str, ModelAnswer] = {}
        if self.scorer is not None:
            partial, answers = self._asked(partial, self.scorer)
        chosen, passed_over = self._choose(partial)
        if self.scorer is not None:  # what fills the batch was not on the shortlist
            rest = chosen.filter(pc.invert(pc.is_in(chosen["key"], pa.array(list(answers), pa.string()))))
            answers |= zip(
                rest["key"].to_pylist(), self.scorer.answers(rest["text"].to_pylist()), strict=True
            )
        counters = partial.counters
        if not chosen.num_rows:
            raise InputError(self.nothing_left(counters))
        return Batch(
            self.nlu.target,
            self._candidates(chosen, answers),
            counters,
            partial.distinct_keys,
            partial.distinct_keys_passed,
            self.warnings(partial, chosen.num_rows),
            tuple(passed_over),
        )

    def nothing_left(self, counters: Counters) -> str:
        """Say why no row of the pool could be chosen."""
        return (
            f"the pool has no utterance that could be chosen: of {counters.rows:,} rows {counters.blank:,} are "
            f"blank, {counters.labelled:,} already labelled, {counters.too_long:,} longer than "
            f"{self.max_tokens} tokens; give another pool, or raise max_tokens "
            "(--max-tokens; of a project, in canvass.toml)"
        )

    def _choose(self, partial: Partial) -> tuple[pa.Table, list[int]]:
        """Take the `size` rows of the batch from a partial's `capacity`, with the column `passed`.

        Whatever looks at the candidates together (not key by key) belongs here, and `capacity` says how many it needs.
        Those that passed come first, then the backfill; copies of what is excluded, and of one another, are left out. A
        copy that differs from the excluded in its case comes last: a tagger that has seen no capitals may learn from
        it, but from anything else as well. The second value says, for each of the rows, how many near copies of it were
        passed over.
        """
        best = partial.passed
        if self.strategy.weigh is not None:
            scores, counts = (best[name].to_numpy().astype(np.float64) for name in ("score", "count"))
            weighed = self.strategy.weigh(scores, counts)
            # Of equals, those stay first that were.
            best = with_scores(best, weighed).take(np.argsort(weighed, kind="stable"))
        rows = pa.concat_tables(
            table.append_column("passed", pa.array([passed] * table.num_rows, type=pa.bool_()))
            for table, passed in ((best, True), (partial.backfill, False))
        )
        keys, passed = rows["key"].to_pylist(), rows["passed"].to_pylist()
        fresh: dict[bool, list[int]] = {True: [], False: []}
        caseless: list[int] = []
        taken: set[str] = set()
        for place, key in enumerate(keys):
            form = folded(key)
            bare = form.casefold()
            if form in self.excluded.folded or bare in taken:
                continue
            taken.add(bare)
            (caseless if bare in self.excluded.caseless else fresh[passed[place]]).append(place)
        if self.strategy.balanced:
            best_first = fresh[True]
            order = in_turns([keys[place] for place in best_first], self.nlu, self.size)
            fresh[True] = [best_first[place] for place in order]
        places: list[int] = []
        passed_over: list[int] = []
        for some in (fresh[True], fresh[False], caseless):
            room = self.size - len(places)
            thinned = Thinned(list(range(len(some)))[:room], [0] * min(room, len(some)))
            if self.variety and self.strategy.score is not by_chance and some is not caseless:
                thinned = thin([keys[place] for place in some], room)
            places += [some[place] for place in thinned.places]
            passed_over += thinned.passed_over
        return rows.take(pa.array(places, type=pa.int64())), passed_over

    def _candidates(self, chosen: pa.Table, asked: Mapping[str, ModelAnswer]) -> tuple[Candidate, ...]:
        columns = chosen.combine_chunks()
        keys = columns["key"].combine_chunks()
        scores = score_column(keys, self.members, limit=self.max_tokens).scores.tolist()
        texts = columns["text"].to_pylist()
        predictions = self.nlu.predict(texts) if self.nlu.can_predict else [None] * len(texts)
        candidates = (
            Candidate(
                rank=rank + 1,
                id=row["id"],
                text=row["text"],
                key=row["key"],
                count=row["count"],
                score=row["score"],
                members=dict(zip(MEMBERS, members, strict=True)) if members else {},
                prediction=None,
                why=self.why[row["passed"]],
                strategy=self.strategy.name,
                target=str(self.nlu.target),
                others=json.loads(row["others"] or "{}"),
            )
            for rank, (row, members) in enumerate(zip(columns.to_pylist(), scores, strict=True))
        )
        answers = (
            asked.get(row["key"])
            if row["intent_probability"] is None
            else ModelAnswer(row["intent"], row["intent_probability"])
            for row in columns.to_pylist()
        )
        return tuple(map(shown_with, candidates, predictions, answers))

    def warnings(self, partial: Partial, chosen: int) -> tuple[str, ...]:
        """Say what a person should know before trusting the batch."""
        return shortages(self.nlu, self.strategy, self.size, partial.distinct_keys_passed, chosen)


def _logs(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take logs of probabilities; that of 0 is finite, and ranks first."""
    return np.asarray(np.log(np.maximum(chances, SMALLEST_PROBABILITY)))
