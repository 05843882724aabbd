"""Every strategy on an annotated corpus with its labels hidden; writes the raw results and a table.

    python benchmarks/strategies.py ../shared/data/snips --target intent:PlayMusic --seeds 3

The test set is a fifth by hash of the key; the labelled set is drawn by seed; the rest is the pool. Raw results
(counts after each round, a digest of what was chosen) go to one JSON file per setting, from which the table is made.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from canvass import STRATEGIES, Target, read_labelled
from canvass.files import whole_file
from canvass.simulation import play, split

RESULTS = Path(__file__).parent / "results"
BASELINES = ("random-positive", "random")


@dataclass(frozen=True)
class Setting:
    """One comparison; all that its results depend on."""

    corpus: str
    target: str
    positives: int
    negatives: int
    rounds: int
    batch: int

    @property
    def name(self) -> str:
        """A file name for the results."""
        where = Path(self.corpus).name
        return (
            f"strategies-{where}-{self.target.replace(':', '-')}-{self.positives}-{self.rounds}x{self.batch}"
        )


@cache
def utterances(corpus: str) -> tuple[Any, ...]:
    """Read a corpus once a process."""
    return read_labelled([corpus]).utterances


def run(setting: Setting, strategy: str, seed: int) -> dict[str, Any]:
    """Play one strategy from one seed."""
    target = Target.parse(setting.target)
    start = split(
        utterances(setting.corpus),
        target,
        seed=seed,
        positives=setting.positives,
        negatives=setting.negatives,
    )
    rounds = play(start, target, strategy, rounds=setting.rounds, batch=setting.batch, seed=seed)
    return {
        "strategy": strategy,
        "seed": seed,
        "pool": len(start.pool),
        "pool_targets": sum(map(target.matches, start.pool)),
        "rounds": [
            {
                "annotations": one.annotations,
                "on_target": one.on_target,
                "scores": one.scores.as_dict(),
                "routing": one.routing.as_dict() if one.routing else None,
                "chosen": digest(one.chosen),
            }
            for one in rounds
        ],
    }


def digest(keys: tuple[str, ...]) -> str:
    """Name a batch without repeating the corpus's texts: two runs that chose the same have the same digest."""
    return hashlib.blake2b("\n".join(keys).encode(), digest_size=8).hexdigest()


def table(runs: list[dict[str, Any]]) -> str:
    """Make the table from raw results: final slot error rate, mean of the seeds, the best first."""
    finals: dict[str, list[float]] = {}
    targets: dict[str, list[int]] = {}
    for one in runs:
        finals.setdefault(one["strategy"], []).append(one["rounds"][-1]["scores"]["slot_error_rate"])
        targets.setdefault(one["strategy"], []).append(sum(each["on_target"] for each in one["rounds"]))
    lines = [
        "| strategy | slot error rate | of the seeds | against random-positive | against random | of the target |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for name in sorted(finals, key=lambda name: fmean(finals[name])):
        against = [
            f"{fmean(finals[name]) / fmean(finals[baseline]) - 1:+.1%}" if baseline in finals else ""
            for baseline in BASELINES
        ]
        seeds = ", ".join(f"{final:.4f}" for final in finals[name])
        cells = [name, f"{fmean(finals[name]):.4f}", seeds, *against, f"{fmean(targets[name]):.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked, on all processors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("--target", required=True)
    parser.add_argument("--strategies", default=",".join(name for name in STRATEGIES if name != "joint"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--positives", type=int, default=100)
    parser.add_argument("--negatives", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=30)
    parser.add_argument("--no-results", action="store_true", help="print the table only")
    options = parser.parse_args()
    setting = Setting(
        options.corpus, options.target, options.positives, options.negatives, options.rounds, options.batch
    )
    work = [(name, seed) for seed in range(options.seeds) for name in options.strategies.split(",")]
    runs = []
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as executor:
        for number, one in enumerate(
            executor.map(run, *zip(*((setting, *each) for each in work), strict=True))
        ):
            runs.append(one)
            final = one["rounds"][-1]["scores"]["slot_error_rate"]
            print(
                f"{number + 1}/{len(work)} seed {one['seed']} {one['strategy']}: {final:.4f}", file=sys.stderr
            )
    if not options.no_results:
        RESULTS.mkdir(exist_ok=True)
        document = {"command": " ".join(sys.argv), "setting": vars(setting), "runs": runs}
        with whole_file(RESULTS / f"{setting.name}.json") as stream:
            stream.write(json.dumps(document, ensure_ascii=False, indent=None).encode() + b"\n")
    print(table(runs))


if __name__ == "__main__":
    main()
