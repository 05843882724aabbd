"""Tables that answer the questions of the published study, across targets and studies; nothing is trained.

    for study in benchmarks/studies/*-*/; do canvass report $study -o ${study%/}.json; done
    python -m benchmarks.study.study_tables benchmarks/studies > answers.md

The folder is the one that `benchmarks/study/run.sh` fills. `canvass report` compares every strategy of a target with a
baseline; here these figures stand side by side for all targets and studies, and pairs of strategies are compared.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from canvass.report.comparisons import Difference, common_seeds, difference, final_errors
from canvass.report.formatting import PERCENT, TO, interval, percent, signed
from canvass.simulation import read_study
from canvass.simulation.measures import final_slot_error_rates
from canvass.simulation.spec import without_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass.simulation.store import StoredRun, Study

    Runs = dict[int, StoredRun]
    Row = dict[str, Any]

STARTS = (100, 20)
CORPORA = ("snips", "assistant")
POSITIVE = "random-positive"
TRANSFER = "successor model"
CHANGED, TOGETHER = "what word features change", "both together"
RANKED = ("majority-crf", "majority-mnlp", "majority-joint")
PAIRS = (
    (
        "Majority filter or dissent filter, without a tagger?",
        (("majority-sa", "qbc-sa"), ("majority-as", "qbc-as")),
    ),
    ("Majority filter or dissent filter, with a tagger?", (("majority-crf", "qbc-crf"),)),
    ("What does the tagger add?", (("majority-crf", "majority-as"), ("majority-joint", "majority-as"))),
    ("The absolute sum, or the sum of absolutes?", (("majority-as", "majority-sa"), ("qbc-as", "qbc-sa"))),
    (
        "How to use the tagger's confidence?",
        (("majority-mnlp", "majority-crf"), ("majority-joint", "majority-crf")),
    ),
)


class Place(NamedTuple):
    """A target of a study: the rows of its report by strategy, and how many were annotated to begin with."""

    folder: Path
    target: str
    start: int
    rows: dict[str, Row]

    def runs(self, strategy: str) -> Runs:
        """Find the runs of a strategy by seed."""
        return {run.name.seed: run for run in _study(self.folder).runs_of(self.target, "strategy", strategy)}

    def against(self, strategy: str, figure: str) -> Difference | None:
        """Take a comparison from the report: with a baseline, at equal "tokens", or of the successor model."""
        row = self.rows.get(strategy)
        if row is None:
            return None
        transfer = row["families"].get("svm", {}).get("difference")
        found = transfer if figure == TRANSFER else {**row["against"], **row["equal_cost"]}.get(figure)
        return Difference(found["relative"], found["low"], found["high"], found["seeds"]) if found else None


@cache
def _study(folder: Path) -> Study:
    return read_study(folder)


def places(folder: Path, names: Sequence[str]) -> Iterator[Place]:
    """Go through the targets of the studies that are there, and were reported."""
    for name in names:
        report = folder / f"{name}.json"
        if report.is_file():
            document = json.loads(report.read_text())
            for one in document["targets"]:
                rows = {row["name"]: row for row in one["strategies"]}
                yield Place(folder / name, one["target"], document["options"]["seed_size"], rows)


def at_the_end(spot: Place, one: str, other: str) -> Difference | None:
    """Compare the errors of two strategies after the last round."""
    strategy, baseline = spot.runs(one), spot.runs(other)
    seeds = common_seeds(strategy, baseline)
    return difference(final_errors(strategy, seeds), final_errors(baseline, seeds)) if seeds else None


def cell(found: Difference | None) -> str:
    """Write a difference; bold if its interval does not hold zero."""
    if found is None:
        return ""
    words = f"{signed(found.relative)} ({interval(found)})"
    return f"**{words}**" if found.low > 0 or found.high < 0 else words


def summary(found: Sequence[Difference | None]) -> str:
    """Write the mean over targets, and of how many the interval lies on either side."""
    there = [one for one in found if one is not None]
    if not there:
        return ""
    mean = sum(one.relative for one in there) / len(there)
    better, worse = sum(one.high < 0 for one in there), sum(one.low > 0 for one in there)
    return f"{signed(mean)}; {better} better, {worse} worse of {len(there)}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table, its first column to the left."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def compared(spots: Sequence[Place], pairs: Sequence[tuple[str, str]]) -> str:
    """Compare pairs of strategies at every target."""
    columns = [[at_the_end(spot, *pair) for spot in spots] for pair in pairs]
    rows = [
        [f"{spot.target}, start {spot.start}", *map(cell, found)]
        for spot, *found in zip(spots, *columns, strict=True)
    ]
    rows.append(["mean of the targets", *map(summary, columns)])
    return table(["target", *(f"{one} against {other}" for one, other in pairs)], rows)


def overview(spots: Sequence[Place], figure: str) -> str:
    """Compare every strategy with a baseline: one row a strategy, by the mean over targets."""
    names = {name for spot in spots for name in spot.rows}
    found = {name: [one for spot in spots if (one := spot.against(name, figure))] for name in names}
    rows = []
    for name in sorted((name for name in names if found[name]), key=lambda name: (_mean(found[name]), name)):
        least, most = min(one.relative for one in found[name]), max(one.relative for one in found[name])
        span = f"{signed(least).removesuffix(PERCENT)}{TO}{signed(most)}"
        rows.append([name, *summary(found[name]).split("; "), span])
    return table(["strategy", "mean", "targets whose interval does not hold 0", "least to most"], rows)


def with_words(spots: Sequence[Place]) -> str:
    """Compare every strategy with random-positive, without word features and with them, and tell what they change."""
    names = {name for spot in spots for name in _study(spot.folder).spec.strategies[spot.target]}
    rows = []
    for name in names:
        found = {head: [at_the_end(spot, *pair) for spot in spots] for head, pair in word_pairs(name).items()}
        cells = {head: summary(differences) for head, differences in found.items()}
        if name == POSITIVE:
            cells |= {"without": "", "with": ""}
        changes = [
            (one.relative, spot.target) for spot, one in zip(spots, found[CHANGED], strict=True) if one
        ]
        ends = [f"{signed(change)} ({target})" for change, target in (min(changes), max(changes))]
        rows.append((_mean([one for one in found[TOGETHER] if one]), [name, *cells.values(), TO.join(ends)]))
    return table(["strategy", *word_pairs(""), "least to most change"], [row for _, row in sorted(rows)])


def words_by_target(spots: Sequence[Place], strategy: str = "majority-joint") -> str:
    """Show the errors of a strategy and of the baselines without and with word features at every target."""
    pairs = word_pairs(strategy)
    shown = ("random", POSITIVE, strategy)
    rows, columns = [], [[at_the_end(spot, *pair) for spot in spots] for pair in pairs.values()]
    for spot, *found in zip(spots, *columns, strict=True):
        rates = final_slot_error_rates(_study(spot.folder), spot.target)
        both = [[rates[name] for name in (without_words(one), one) if name in rates] for one in shown]
        rows.append([spot.target, *(", ".join(map(percent, one)) for one in both), *map(cell, found)])
    rows.append(["mean of the targets", *[""] * len(shown), *map(summary, columns)])
    return table(["target", *(f"{one}: without, with" for one in shown), *pairs], rows)


def word_pairs(name: str) -> dict[str, tuple[str, str]]:
    """Pair a strategy with what it is compared with, by what that tells of word features."""
    plain = without_words(POSITIVE)
    return {
        "without": (without_words(name), plain),
        "with": (name, POSITIVE),
        CHANGED: (name, without_words(name)),
        TOGETHER: (name, plain),
    }


def _mean(found: Sequence[Difference]) -> float:
    return sum(one.relative for one in found) / len(found)


def side_by_side(folder: Path, names: Sequence[tuple[str, str]], heading: str) -> str:
    """Show studies that differ in one option: the error of random-positive, and the others against it."""
    rows = []
    for label, name in names:
        for spot in places(folder, [name]):
            rates = [
                percent(spot.rows[one]["final"]) if one in spot.rows else "" for one in (POSITIVE, *RANKED)
            ]
            others = [cell(spot.against(one, POSITIVE)) for one in RANKED]
            rows.append([spot.target, label, *rates, *others])
    rows = [
        row for row in sorted(rows, key=lambda row: row[0]) if sum(other[0] == row[0] for other in rows) > 1
    ]
    heads = ["target", heading, POSITIVE, *RANKED, *(f"{one} against it" for one in RANKED)]
    return table(heads, rows)


def answers(folder: Path) -> Iterator[str]:
    """Write the tables, one after another."""
    for size in STARTS:
        for corpus in CORPORA:
            spots = list(places(folder, [f"{corpus}-{size}"]))
            if not spots:
                continue
            for baseline in (POSITIVE, "random"):
                yield f"## {corpus}, a start of {size}: errors against {baseline}\n\n{overview(spots, baseline)}"
            yield f"## {corpus}, a start of {size}: at equal tokens\n\n{overview(spots, 'tokens')}"
            yield f"## {corpus}, a start of {size}: successor model\n\n{overview(spots, TRANSFER)}"
        for corpus in CORPORA:
            if (study := folder / f"{corpus}-{size}-both").is_dir():
                spots = [Place(study, target, size, {}) for target in _study(study).spec.targets]
                yield f"## {corpus}, a start of {size}: with word features\n\n{with_words(spots)}"
                yield f"## {corpus}, a start of {size}: word features by target\n\n{words_by_target(spots)}"
    for question, pairs in PAIRS:
        for size in STARTS:
            if spots := list(places(folder, [f"{corpus}-{size}" for corpus in CORPORA])):
                yield f"## {question} Start {size}\n\n{compared(spots, pairs)}"
    schedules = [
        (f"{rounds} x {batch}", f"{corpus}-{rounds}x{batch}")
        for corpus in CORPORA
        for rounds, batch in ((1, 300), (5, 60), (60, 5))
    ]
    schedules += [("15 x 20", f"{corpus}-100") for corpus in CORPORA]
    yield f"## How often to retrain\n\n{side_by_side(folder, schedules, 'rounds')}"
    noises = [(f"{noise}", f"{corpus}-noise-{noise}") for corpus in CORPORA for noise in ("0.05", "0.1")]
    noises += [("0", f"{corpus}-100") for corpus in CORPORA]
    yield f"## Annotators who err\n\n{side_by_side(folder, noises, 'noise')}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", type=Path)
    print("\n\n".join(answers(parser.parse_args().studies)))


if __name__ == "__main__":
    main()
