"""What canvass does in each scenario: a function that prepares all and returns the one to be timed, or a command."""

from __future__ import annotations

import functools
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.workloads import BLOCK, committee, tagger

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data.workloads import Workload
    from canvass import Pool
    from canvass.selection.multi_target import Plans

CANVASS = str(Path(sys.executable).with_name("canvass"))
SELECTED = 500
SELECTED_IN_ROUND = 20
TARGETS = 20


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


def confidences(work: Workload) -> Callable[[], object]:
    """Find the probability of each text's best tag sequence, on this thread."""
    from canvass.corpus.normalise import keys

    trained, blocks = tagger(work), work.blocks()
    return lambda: [trained.confidence(keys(block)).log_probability for block in blocks]


def best_tags(work: Workload) -> Callable[[], object]:
    """Find each text's best tag sequence and its probability, on this thread."""
    from canvass.corpus.normalise import keys

    trained, blocks = tagger(work), work.blocks()
    return lambda: [trained.best_tags(keys(block)) for block in blocks]


def whole_round(work: Workload) -> Callable[[], object]:
    """Train committee and tagger, score the pool, re-rank all that pass, choose; texts are in memory."""
    from canvass import Plan, select

    utterances, pool = work.utterances(), _pool(work)

    def play() -> object:
        plan = Plan.train(utterances, work.target, strategy="majority-crf", size=SELECTED_IN_ROUND)
        return select(plan, pool).candidates

    return play


def twenty_targets(work: Workload) -> Callable[[], object]:
    """Choose for twenty intents in one pass over the pool, on two threads; the models are trained before."""
    from canvass.selection.engines import select_each

    plans, pool = _twenty_plans(work), _pool(work)
    return lambda: select_each(plans, pool, threads=2)


def one_pass_each(work: Workload) -> Callable[[], object]:
    """Choose for the same twenty intents one after the other, a pass each."""
    from canvass import select

    plans, pool = _twenty_plans(work), _pool(work)
    return lambda: [select(plan, pool, threads=2) for plan in plans.plans]


def twenty_names(work: Workload) -> list[str]:
    """Name the twenty intents that most of the labelled set has, of those with slots."""
    found = (one.intent for one in work.utterances() if one.slots is not None and one.intent is not None)
    return [name for name, _ in Counter(found).most_common(TARGETS)]


@functools.cache
def _twenty_plans(work: Workload) -> Plans:
    from canvass import Target
    from canvass.selection.multi_target import Plans

    targets = [Target("intent", name) for name in twenty_names(work)]
    return Plans.train(work.utterances(), targets, size=SELECTED_IN_ROUND)


def _pool(work: Workload) -> Pool:
    import pyarrow as pa

    from canvass import Pool

    return Pool.from_table(pa.table({"text": pa.chunked_array(work.blocks())}), rows=BLOCK)


def select_command(work: Workload) -> list[str]:
    """Choose from the pool as a user would: `canvass select`, two threads."""
    return _select(work, [str(work.target)], SELECTED)


def twenty_targets_command(work: Workload) -> list[str]:
    """Choose for twenty intents with one command."""
    return _select(work, [f"intent:{name}" for name in twenty_names(work)], SELECTED_IN_ROUND)


def twenty_commands(work: Workload) -> list[str]:
    """Choose for the same twenty intents with a command each."""
    commands = [_select(work, [f"intent:{name}"], SELECTED_IN_ROUND) for name in twenty_names(work)]
    program = "import subprocess, sys; [subprocess.run(one, check=True) for one in eval(sys.argv[1])]"
    return [sys.executable, "-c", program, repr(commands)]


def _select(work: Workload, targets: list[str], size: int) -> list[str]:
    files = [str(work.labelled), str(work.pool)]
    named = [word for target in targets for word in ("--target", target)]
    return [
        CANVASS,
        "select",
        *files,
        *named,
        "--words",
        "off",
        "--size",
        str(size),
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
