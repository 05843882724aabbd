"""Strategies for the intents of a bot, canvass's and those of its peers, from one start and with one budget.

    python -m benchmarks.study.intent_strategies ../shared/data/clinc150 --start 3 --out clinc150-3.jsonl
    python -m benchmarks.study.intent_strategies ../shared/data/hwu64 --start 10 --seeds 0 1 --out hwu64-10.jsonl
    python -m benchmarks.study.intent_strategies --table clinc150-3.jsonl

The labelled set begins with `--start` examples of each intent, drawn by hash; what is out of scope ("oos") is in the
pool alone. Each of 15 rounds annotates 2 % of the pool. Every strategy is measured by canvass's NLU, trained on
what it chose, on the corpus's own test part (a fifth by hash where it has none). Slots are left out but with
`--slots`. Peers rank by a logistic regression, too: small-text's strategies on the very features of canvass, with 256
singular dimensions of these as embeddings; it is canvass's own, since scikit-learn's, which has the same minimum, takes
minutes a run. scikit-activeml's take dense features only: these dimensions, and scikit-learn's LogisticRegression.
`/plain` after the name of a strategy of canvass is without variety in the batch; other words there name a rule by which
a batch is chosen from the best by the score (`RULES`), none of which is in canvass.

Prints and writes one JSON object a run, and goes on where the file ends. The table gives errors averaged over the
rounds and after the last, the difference from `random` over the seeds that both have, and what is out of scope.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.special import softmax
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.few_examples import STRENGTH, examples_of
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of, keys
from canvass.evaluation import HeldOut
from canvass.features.extraction import compact, feature_matrix
from canvass.metrics import score
from canvass.models.logistic import Trained, train
from canvass.seeding import derived_seed
from canvass.selection.variety import IN_TURN, in_turn
from canvass.simulation.runs import Choice, HiddenPool, Run
from canvass.simulation.start import Corpus, Start
from canvass.statistics.intervals import t_quantile
from canvass.types import Candidate, Target, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from canvass.metrics import FrameErrors

OUT_OF_SCOPE = "oos"
ROUNDS, SHARE = 15, 0.02
MIN_SEEDS = 2  # of an interval
DIMENSIONS = 256
OURS = ("random", "joint", "margin", "margin-joint", "margin-balanced", "entropy", "least-confidence")
SMALL_TEXT = ("BreakingTies", "PredictionEntropy", "EmbeddingKMeans")
SKACTIVEML = ("UncertaintySampling", "TypiClust", "Falcun", "CoreSet")
WITHOUT_CLASSIFIER = ("TypiClust", "CoreSet")  # they look at features alone
PEERS = (*(f"small-text:{name}" for name in SMALL_TEXT), *(f"skactiveml:{name}" for name in SKACTIVEML))
OF_CLUSTER = 4  # choices of one cluster, in the mean
TOO_NEAR = 0.8  # cosine of two requests of which the second is left out


@dataclass(frozen=True)
class Features:
    """Those of all utterances that are not for the test: `row` maps a key to its row in both matrices."""

    utterances: Sequence[Utterance]

    @cached_property
    def row(self) -> dict[str, int]:
        """Number the keys."""
        return {key_of(utterance.text): i for i, utterance in enumerate(self.utterances)}

    @cached_property
    def sparse(self) -> Any:
        """The hashed n-grams, CSR (N, used columns)."""
        matrix = feature_matrix(keys(pa.array([utterance.text for utterance in self.utterances])), bits=18)
        compact(matrix)
        return matrix

    @cached_property
    def dense(self) -> NDArray[np.float64]:
        """Their first singular dimensions, float64 (N, `DIMENSIONS`)."""
        dimensions = min(DIMENSIONS, *(size - 1 for size in self.sparse.shape))
        return np.asarray(TruncatedSVD(dimensions, random_state=0).fit_transform(self.sparse))


@dataclass(frozen=True)
class SmallTextClassifier:
    """What the strategies of small-text ask of a classifier."""

    features: Features
    used: NDArray[np.int64]
    trained: Trained

    def predict_proba(self, dataset: Any) -> NDArray[np.float64]:
        """Compute the probabilities of all intents for the rows of a dataset."""
        weights, rows, bias = self.trained
        return np.asarray(softmax(dataset.x[:, self.used] @ weights[rows] + bias, axis=1))

    def embed(self, dataset: Any, pbar: Any = None) -> NDArray[np.float64]:  # noqa: ARG002 - small-text's signature
        """Give the dense features; a dataset is always that of all rows."""
        return self.features.dense[: dataset.x.shape[0]]


class Query(NamedTuple):
    """What a peer is asked: rows of the features, the number of each labelled row's intent, and the batch size."""

    peer: str
    features: Features
    labelled: NDArray[np.int64]
    intents: NDArray[np.int64]
    unlabelled: NDArray[np.int64]
    size: int
    seed: int


@dataclass(frozen=True)
class PeerRun(Run):
    """A run in which a strategy of another library chooses."""

    peer: str = field(kw_only=True)
    features: Features = field(kw_only=True)

    def choose(self, pool: HiddenPool, *asked: Any) -> tuple[Choice, ...]:
        """Choose by a classifier of the peer's kind, trained on the same labelled set."""
        _, _, number, budget = asked
        known = [*self.start.labelled, *(pool.gold[key] for key in sorted(pool.taken))]
        names = [utterance.intent or OUT_OF_SCOPE for utterance in known]
        unlabelled = [self.features.row[key] for key in pool.gold if key not in pool.taken]
        library, _, peer = self.peer.partition(":")
        query = Query(
            peer,
            self.features,
            np.array([self.features.row[key_of(utterance.text)] for utterance in known]),
            np.unique(names, return_inverse=True)[1],
            np.array(unlabelled),
            min(budget, len(unlabelled)),
            derived_seed(self.seed, "peer", number) % 2**31,
        )
        rows = query_small_text(query) if library == "small-text" else query_skactiveml(query)
        golds = [self.features.utterances[row] for row in rows]
        return tuple(Choice(candidate_of(gold, self.peer), gold, None) for gold in golds)


def candidate_of(gold: Utterance, strategy: str) -> Candidate:
    """Name a choice of a peer, which gives no scores."""
    return Candidate(
        0, gold.id or "", gold.text, key_of(gold.text), gold.count, 0.0, {}, None, "filter", strategy, "all"
    )


class Best(NamedTuple):
    """The best by a score, in rank order: their dense features (of length 1); the size of the batch, and a seed."""

    vectors: NDArray[np.float64]
    size: int
    seed: int


def per_cluster(best: Best) -> list[int]:
    """Choose the same number of each cluster, as far as it goes."""
    count = max(1, best.size // OF_CLUSTER)
    clusters = KMeans(count, n_init=1, max_iter=20, random_state=best.seed)
    return in_turn(clusters.fit_predict(best.vectors).tolist(), [0] * count)


def far_apart(best: Best) -> list[int]:
    """Leave out what is too near to what is chosen, while others are left."""
    chosen: list[int] = []
    near: list[int] = []
    for place, vector in enumerate(best.vectors):
        alike = bool(chosen) and float((best.vectors[chosen] @ vector).max()) > TOO_NEAR
        (near if alike else chosen).append(place)
    return [*chosen, *near]


RULES = {"clusters": per_cluster, "apart": far_apart}
STRATEGIES = (
    *OURS,
    *(f"{name}/plain" for name in OURS[1:]),
    *(f"margin/{rule}" for rule in RULES),
    *PEERS,
)


@dataclass(frozen=True)
class RuleRun(Run):
    """A run in which a rule chooses a batch from the best by the margin."""

    rule: str = field(kw_only=True)
    features: Features = field(kw_only=True)

    def choose(self, pool: HiddenPool, *asked: Any) -> tuple[Choice, ...]:
        """Choose from the best, as many as there are for `IN_TURN` batches."""
        nlu, trained, number, budget = asked
        several = replace(self, variety=False)
        best = Run.choose(several, pool, nlu, trained, number, min(IN_TURN * budget, len(pool.gold)))
        vectors = self.features.dense[[self.features.row[choice.candidate.key] for choice in best]]
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
        seed = derived_seed(self.seed, "rule", number) % 2**31
        order = RULES[self.rule](Best(vectors / lengths, budget, seed))
        return tuple(best[place] for place in order[:budget])


def query_small_text(query: Query) -> NDArray[np.int64]:
    """Choose rows by a strategy of small-text."""
    import small_text

    np.random.seed(query.seed)  # noqa: NPY002 - where small-text draws from
    known = query.features.sparse[query.labelled]
    used = np.unique(known.indices)  # the weights of all other columns are 0
    trained = train(known[:, used], query.intents, max(query.intents) + 1, STRENGTH)
    classifier = SmallTextClassifier(query.features, used, trained)
    dataset = small_text.SklearnDataset(
        query.features.sparse, np.zeros(len(query.features.row), dtype=np.int64), target_labels=np.array([0])
    )
    strategy = getattr(small_text, query.peer)()
    return np.asarray(
        strategy.query(classifier, dataset, query.unlabelled, query.labelled, query.intents, n=query.size)
    )


def query_skactiveml(query: Query) -> NDArray[np.int64]:
    """Choose rows by a strategy of scikit-activeml."""
    from skactiveml import pool
    from skactiveml.classifier import SklearnClassifier

    y = np.full(len(query.features.dense), np.nan)
    y[query.labelled] = query.intents
    settings = {"method": "margin_sampling"} if query.peer == "UncertaintySampling" else {}
    strategy = getattr(pool, query.peer)(random_state=query.seed, **settings)
    arguments = {}
    if query.peer not in WITHOUT_CLASSIFIER:
        regression = LogisticRegression(C=STRENGTH, max_iter=1000)
        arguments["clf"] = SklearnClassifier(regression, classes=list(range(max(query.intents) + 1)))
    return np.asarray(
        strategy.query(
            query.features.dense, y, candidates=query.unlabelled, batch_size=query.size, **arguments
        )
    )


def started(corpus: Corpus, seed: int, examples: int) -> Start:
    """Draw the examples of each intent; the rest is the pool."""
    target = Target("all")
    labelled = examples_of(
        [utterance for utterance in corpus.rest if target.matches(utterance)], seed, examples
    )
    drawn = {key_of(utterance.text) for utterance in labelled}
    pool = tuple(utterance for utterance in corpus.rest if key_of(utterance.text) not in drawn)
    return Start(tuple(labelled), pool, corpus.test)


def played(start: Start, features: Features, strategy: str, seed: int, batch: int) -> dict[str, Any]:
    """Play a run: the figures of its states."""
    target, schedule = Target("all"), (batch,) * ROUNDS
    began = time.process_time()
    name, _, rule = strategy.partition("/")
    if strategy in PEERS:
        run: Run = PeerRun(start, target, "random", schedule, seed, peer=strategy, features=features)
    elif rule in RULES:
        run = RuleRun(start, target, name, schedule, seed, rule=rule, features=features)
    else:
        run = Run(start, target, name, schedule, seed, variety=not rule)
    states = list(run.states())
    tested = [utterance.intent for utterance in HeldOut.of(start.test, target).ours]
    scores = [score(state.errors) for state in states]
    few = Counter(utterance.intent for utterance in states[-1].labelled if target.matches(utterance))
    return {
        "strategy": strategy,
        "seed": seed,
        "start": len(start.labelled),
        "round": schedule[0],
        "intent_error": [one.intent_error_rate for one in scores],
        "error_of_intents": [error_of_intents(tested, state.errors) for state in states],
        "frame_error": [one.frame_error_rate for one in scores],
        "slot_error": [one.span_slot_error_rate for one in scores],
        "out_of_scope": [
            sum(not target.matches(choice.gold) for choice in state.choices) for state in states
        ],
        "fewest": min(few.values()),
        "seconds": round(time.process_time() - began, 1),
    }


def error_of_intents(intents: Sequence[str | None], errors: Sequence[FrameErrors]) -> float:
    """Average the error rates of the intents, so that a rare one counts as much as any other."""
    wrong: dict[str | None, list[bool]] = {}
    for intent, error in zip(intents, errors, strict=True):
        wrong.setdefault(intent, []).append(error.intent_wrong)
    return mean(map(mean, wrong.values()))


def table(runs: Sequence[dict[str, Any]]) -> str:
    """Tabulate runs, the best strategy first; the interval is that of Student's t over the seeds' differences."""
    by_strategy: dict[str, dict[int, dict[str, Any]]] = {}
    for run in runs:
        by_strategy.setdefault(run["strategy"], {})[run["seed"]] = run
    rows = []
    for strategy, of_seeds in by_strategy.items():
        areas = {seed: mean(run["intent_error"][1:]) for seed, run in of_seeds.items()}
        cells = [
            strategy,
            str(len(of_seeds)),
            f"{100 * mean(areas.values()):.2f} %",
            f"{100 * mean(run['intent_error'][-1] for run in of_seeds.values()):.2f} %",
            against(areas, by_strategy.get("random", {})) if strategy != "random" else "",
            f"{100 * mean(mean(run['error_of_intents'][1:]) for run in of_seeds.values()):.2f} %",
            f"{100 * mean(mean(run['slot_error'][1:]) for run in of_seeds.values()):.2f} %",
            f"{100 * mean(mean(run['frame_error'][1:]) for run in of_seeds.values()):.2f} %",
            f"{mean(sum(run['out_of_scope']) for run in of_seeds.values()):.1f}",
            f"{mean(run['seconds'] for run in of_seeds.values()):.0f}",
        ]
        rows.append((mean(areas.values()), f"| {' | '.join(cells)} |"))
    head = (
        "| strategy | seeds | intent error, mean of rounds | last round | against random, 95 % | mean of intents | "
        "slot error, mean | frame error, mean | out of scope | processor s |\n"
        f"| --- |{' ---: |' * 9}"
    )
    return "\n".join([head, *(row for _, row in sorted(rows))])


def against(areas: dict[int, float], base: dict[int, dict[str, Any]]) -> str:
    """Compare mean errors with those of `random`, over the seeds that both have; "" for fewer than two."""
    seeds = sorted(areas.keys() & base.keys())
    if len(seeds) < MIN_SEEDS:
        return ""
    of_random = np.array([mean(base[seed]["intent_error"][1:]) for seed in seeds])
    changes = (np.array([areas[seed] for seed in seeds]) - of_random) / of_random.mean()
    half = t_quantile(0.95, len(seeds) - 1) * changes.std(ddof=1) / np.sqrt(len(seeds))
    low, middle, high = (f"{100 * (changes.mean() + by):+.1f}" for by in (-half, 0.0, half))
    return f"{middle} % ({low} to {high})"


def main() -> None:
    """Play the runs that are missing, or print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", nargs="*")
    parser.add_argument("--start", type=int, default=3, help="examples of each intent")
    parser.add_argument("--batch", type=int, help="requests a round, instead of 2 % of the pool")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument("--slots", action="store_true", help="keep the slots, and train a tagger on them")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    if options.table:
        print(table([json.loads(line) for line in options.table.read_text().splitlines()]))
        return
    threadpool_limits(1)
    utterances = read_labelled(options.corpus, out_of_scope=(OUT_OF_SCOPE,)).utterances
    if not options.slots:
        utterances = tuple(replace(utterance, slots=None) for utterance in utterances)
    own = any(utterance.split == "test" for utterance in utterances)
    corpus = Corpus.of(utterances, test="own" if own else "fifth")
    features = Features(corpus.rest)
    there = options.out.read_text().splitlines() if options.out and options.out.exists() else []
    done = {(run["strategy"], run["seed"]) for run in map(json.loads, there)}
    for seed in options.seeds:
        start = started(corpus, seed, options.start)
        for strategy in options.strategies:
            if (strategy, seed) in done:
                continue
            batch = options.batch or round(SHARE * len(start.pool))
            line = json.dumps(played(start, features, strategy, seed, batch))
            print(line, flush=True)
            if options.out:
                with options.out.open("a") as stream:
                    stream.write(line + "\n")


if __name__ == "__main__":
    main()
