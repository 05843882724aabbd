"""The scenarios as data. An id is permanent: whoever changes what a scenario does gives it a new id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.scenarios import candidates, engines, peers, peers_crfsuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data.workloads import Workload

    Prepare = Callable[[Workload], Callable[[], object]]
    Command = Callable[[Workload], list[str]]

Measure = Literal["faster", "cost", "memory", "seconds"]


@dataclass(frozen=True)
class Scenario:
    """One comparison, and what is asked of it.

    `measure`: how many times faster than the peer; what more rows cost (those of `workload` beyond those of `base`)
    in what they cost the peer; peak MB of the process; or seconds. `peer_runs` is less than all runs where the peer
    takes minutes; `runs_of` names a scenario whose runs serve this one, too.
    """

    id: str
    what: str
    workload: str
    candidate: Prepare | Command
    peer: Prepare | Command | None
    at_least: float
    aim: float | None
    measure: Measure = "faster"
    base: str | None = None
    processes: bool = False
    peer_runs: int | None = None
    runs_of: str | None = None


SCENARIOS = {
    scenario.id: scenario
    for scenario in (
        Scenario(
            "score-scikit-learn",
            "text bytes to three scores, one thread, against HashingVectorizer and three linear models",
            "1m", candidates.scores, peers.scikit_learn_scores, 40, 80,
        ),
        Scenario(
            "score-vowpal-wabbit",
            "text bytes to three scores, one thread, against Vowpal Wabbit's file driver, a pass a loss",
            "1m", candidates.scores, peers.vowpal_wabbit_scores, 40, 80,
        ),
        Scenario(
            "score-vowpal-wabbit-one-processor",
            "the same against Vowpal Wabbit on one processor, each pass reading the text",
            "1m", candidates.scores, peers.vowpal_wabbit_scores_on_one_processor, 40, 80,
        ),
        Scenario(
            "score-two-threads",
            "text bytes to three scores, two threads against one",
            "1m", candidates.scores_on_two_threads, peers.one_thread, 1.8, 1.95,
        ),
        Scenario(
            "confidence-crfsuite",
            "text to the probability of its best tag path, one thread, against python-crfsuite",
            "20k", candidates.confidences, peers_crfsuite.crfsuite_tags, 10, 20,
        ),
        Scenario(
            "tags-crfsuite",
            "text to its best tag path and the path's probability, one thread, against python-crfsuite",
            "20k", candidates.best_tags, peers_crfsuite.crfsuite_tags, 10, 20,
        ),
        Scenario(
            "select-reading",
            "canvass select, cost of nine more millions, in what pyarrow needs to read their column",
            "10m", candidates.select_command, peers.pyarrow_command, 4, 2,
            measure="cost", base="1m", processes=True,
        ),
        Scenario(
            "select-memory",
            "peak memory of canvass select",
            "10m", candidates.select_command, None, 600, 300,
            measure="memory", base="1m", processes=True, runs_of="select-reading",
        ),
        Scenario(
            "select-small-text-1m",
            "canvass select, whole process, against the same choice by small-text",
            "1m", candidates.select_command, peers.small_text_command, 30, 60, processes=True,
        ),
        Scenario(
            "select-small-text-10m",
            "canvass select, whole process, against the same choice by small-text (run once)",
            "10m", candidates.select_command, peers.small_text_command, 30, 60, processes=True, peer_runs=1,
        ),
        Scenario(
            "round-crfsuite",
            "one warm round: train, score, re-rank, choose 20, against scikit-learn and python-crfsuite",
            "1m", candidates.whole_round, peers_crfsuite.crfsuite_round, 10, None,
        ),
        Scenario(
            "round", "one warm round", "1m", candidates.whole_round, None, 1, 1,
            measure="seconds", runs_of="round-crfsuite",
        ),
        Scenario(
            "twenty-targets", "twenty targets in one pass over memory against twenty passes, two threads",
            "1m", candidates.twenty_targets, candidates.one_pass_each, 2, 4,
        ),
        Scenario(
            "twenty-targets-command", "one command for twenty targets against twenty commands (run once)",
            "10m", candidates.twenty_targets_command, candidates.twenty_commands, 4, 10, processes=True, peer_runs=1,
        ),
        Scenario(
            "engine-dask", "nine more millions on a Dask cluster of this machine, in what they cost two threads",
            "10m", engines.on_dask, engines.on_threads, 1.3, None, measure="cost", base="1m",
        ),
        Scenario(
            "engine-spark", "nine more millions on Spark on this machine, in what they cost two threads",
            "10m", engines.on_spark, engines.on_threads, 2, None, measure="cost", base="1m",
        ),
        Scenario(
            "engine-spark-frame", "nine more millions of a DataFrame that Spark reads, in what they cost two threads",
            "10m", engines.on_a_spark_frame, engines.on_threads, 2, None, measure="cost", base="1m",
        ),
        Scenario(
            "help", "canvass --help", "20k", candidates.help_command, None, 0.3, None,
            measure="seconds", processes=True,
        ),
        Scenario(
            "import", "import canvass", "20k", candidates.import_command, None, 0.5, None,
            measure="seconds", processes=True,
        ),
    )
}  # fmt: skip
