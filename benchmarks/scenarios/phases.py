"""Where `canvass select` spends its time: seconds of each phase, on one thread, and the whole on two.

    python -m benchmarks.scenarios.phases 10m

Each phase is one function, wrapped in a clock; a phase within another is taken off the outer one.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import time
from typing import TYPE_CHECKING, Any

from benchmarks.data.workloads import workload
from canvass import Plan, Pool, select

if TYPE_CHECKING:
    from collections.abc import Iterator

PHASES = (
    # phase, module, class or "", function
    ("keys", "selection.scored_block", "", "keys"),
    ("scores", "selection.scored_block", "", "score_column"),
    ("labelled already?", "selection.excluded_keys", "ExcludedKeys", "mask"),
    ("sketches", "selection.scored_block", "", "add_hashes"),
    ("block, the rest", "selection.scored_block", "ScoredBlock", "of"),
    ("intents and tagger", "models.nlu", "NLU", "confidence"),
    ("rank", "selection.plan", "Plan", "_rank"),
    ("partial", "selection.scored_block", "ScoredBlock", "best"),
    ("filter", "selection.plan", "Plan", "find_best"),
    ("merge", "selection.multi_target", "", "merge"),
)


class Clock:
    """Seconds by phase, without those of the phases within."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._within = [0.0]

    def wrap(self, name: str, function: Any) -> Any:
        """Clock a function."""

        @functools.wraps(function)
        def clocked(*arguments: Any, **named: Any) -> Any:
            self._within.append(0.0)
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                took = time.perf_counter() - start
                self.seconds[name] = self.seconds.get(name, 0.0) + took - self._within.pop()
                self._within[-1] += took

        return clocked


def wrap_all(clock: Clock) -> None:
    """Put a clock around each phase that this version of canvass has."""
    for name, module, owner, function in PHASES:
        home = importlib.import_module(f"canvass.{module}")
        home = getattr(home, owner) if owner else home
        if hasattr(home, function):
            clocked = clock.wrap(name, getattr(home, function))
            # A class method is looked up bound already.
            setattr(home, function, staticmethod(clocked) if function == "of" else clocked)
        else:
            print(f"no phase {name}: {function} is gone")


def main() -> None:
    """Print the seconds of each phase."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("size", nargs="?", default="10m")
    work = workload(parser.parse_args().size)
    work.make()
    start = time.perf_counter()
    plan = Plan.train(work.utterances(), work.target)
    print(f"train: {time.perf_counter() - start:.2f} s")
    select(plan, Pool.open([str(workload("20k").pool)]))
    for threads in (1, 2):
        start = time.perf_counter()
        batch = select(plan, Pool.open([str(work.pool)]), threads=threads)
        print(f"select, {threads} thread(s): {time.perf_counter() - start:.2f} s")
    print(f"{batch.counters}, distinct ~{batch.distinct:,}, passed ~{batch.distinct_passed:,}")
    clock = Clock()
    start = time.perf_counter()
    for _ in Pool.open([str(work.pool)]).blocks():
        pass
    print(f"read, alone: {time.perf_counter() - start:.2f} s")
    wrap_all(clock)
    from canvass.selection.multi_target import Plans, merge_partials

    plans = Plans((plan,))
    pool, best, read = Pool.open([str(work.pool)]), plans.empty(), 0.0
    blocks: Iterator[Any] = pool.blocks()
    start = now = time.perf_counter()
    for block in blocks:
        read += time.perf_counter() - now
        best = merge_partials(best, plans.score_block(block.batch, best))
        now = time.perf_counter()
    whole = time.perf_counter() - start
    for name, seconds in sorted({**clock.seconds, "read": read}.items(), key=lambda item: -item[1]):
        print(f"{name:26} {seconds:7.2f} s {seconds / whole:6.1%}")
    print(f"{'all, one after the other':26} {whole:7.2f} s")


if __name__ == "__main__":
    main()
