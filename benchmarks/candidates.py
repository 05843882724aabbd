"""What canvass does in each scenario: a function that prepares all and returns the one to be timed, or a command."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads import BLOCK, committee, tagger

if TYPE_CHECKING:
    from collections.abc import Callable

    from workloads import Workload

CANVASS = str(Path(sys.executable).with_name("canvass"))
SELECTED = 500
SELECTED_IN_ROUND = 20


def scores(work: Workload) -> Callable[[], object]:
    """Score texts with the committee's three members, on this thread."""
    score, blocks = _score_one(work), work.blocks()
    return lambda: [score(block) for block in blocks]


def scores_on_two_threads(work: Workload) -> Callable[[], object]:
    """Score texts with the committee's three members, on two threads."""
    score, blocks = _score_one(work), work.blocks()
    executor = ThreadPoolExecutor(2)
    return lambda: list(executor.map(score, blocks))


def _score_one(work: Workload) -> Callable[[Any], object]:
    from canvass.corpus.normalise import keys

    trained = committee(work)
    return lambda block: trained.score(keys(block)).scores


def tags(work: Workload) -> Callable[[], object]:
    """Find the probability of each text's best tag sequence, on this thread."""
    from canvass.corpus.normalise import keys

    trained, blocks = tagger(work), work.blocks()
    return lambda: [trained.confidence(keys(block)).log_probability for block in blocks]


def whole_round(work: Workload) -> Callable[[], object]:
    """Train committee and tagger, score the pool, re-rank all that pass, choose; texts are in memory."""
    import pyarrow as pa

    from canvass import Plan, Pool, select

    utterances = work.utterances()
    texts = pa.chunked_array(work.blocks())
    pool = Pool.from_table(pa.table({"text": texts}), rows=BLOCK)

    def play() -> object:
        plan = Plan.train(utterances, work.target, strategy="majority-crf", size=SELECTED_IN_ROUND)
        return select(plan, pool).candidates

    return play


def select_command(work: Workload) -> list[str]:
    """Choose from the pool as a user would: `canvass select`, two threads."""
    files = [str(work.labelled), str(work.pool)]
    return [
        CANVASS,
        "select",
        *files,
        "--target",
        str(work.target),
        "--size",
        str(SELECTED),
        "--threads",
        "2",
        "--json",
    ]


def help_command(work: Workload) -> list[str]:
    """Ask for help."""
    del work
    return [CANVASS, "--help"]


def import_command(work: Workload) -> list[str]:
    """Import the library."""
    del work
    return [sys.executable, "-c", "import canvass"]
