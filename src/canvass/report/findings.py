"""What a study found, in sentences: warnings first, then what the best and the default strategy bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from canvass.report import words
from canvass.report.comparisons import smallest_adjusted_p
from canvass.report.curves import RANDOM, RANDOM_POSITIVE
from canvass.strategies import DEFAULT, DEFAULT_FOR_ALL
from canvass.types import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.report.comparisons import Comparison, Difference
    from canvass.report.curves import TargetRuns
    from canvass.report.table_rows import Row
    from canvass.simulation.spec import TargetFacts
    from canvass.simulation.store import Study

SIGNIFICANT = 0.05
WORTH_IT, LIKELY, OPEN, NOT_WORTH_IT = "worth it", "probably worth it", "not shown", "not worth it"
EXPLAINED = {
    WORTH_IT: "the interval lies below zero, and the corrected test over seeds agrees",
    LIKELY: "the interval lies below zero, but the corrected test over seeds does not reach 0.05",
    OPEN: "the interval holds zero",
    NOT_WORTH_IT: "the interval lies above zero: more errors",
}


class Figure(NamedTuple):
    """A figure that a finding rests on: what it is, its value, and how sure it is, in words."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Finding:
    """What one strategy brings: `name`, whether it is the `best` and the `default`, in a sentence, and a verdict."""

    name: str
    best: bool
    default: bool
    verdict: str
    sentence: str
    figures: tuple[Figure, ...]


def verdict(compared: Comparison) -> str:
    """Judge a comparison with the headline baseline: one of the keys of `EXPLAINED`."""
    found = compared.difference
    if found.low > 0:
        return NOT_WORTH_IT
    if found.high >= 0:
        return OPEN
    return WORTH_IT if compared.adjusted_p_seeds <= SIGNIFICANT else LIKELY


def default_for(target: str) -> str:
    """Name the strategy that `canvass select` takes for a target."""
    return DEFAULT_FOR_ALL if target == ALL else DEFAULT


def findings_of(runs: TargetRuns, rows: Sequence[Row]) -> tuple[Finding, ...]:
    """Say what the default and the best strategy bring; the default first, since it was named beforehand."""
    baseline = runs.long_baseline
    able = [row for row in rows if baseline in row.against and row.name not in {RANDOM, RANDOM_POSITIVE}]
    if not able:
        return ()
    # Of strategies with unequal numbers of seeds, the best is the one that most can be said of.
    most = max(row.seeds for row in able)
    usual = default_for(runs.target)
    best = min((row for row in able if row.seeds == most), key=lambda row: (row.final, row.name != usual))
    default = next((row for row in able if row.name == usual), None)
    shown = [best] if default is None or default is best else [default, best]
    return tuple(
        Finding(
            row.name,
            row is best,
            row is default,
            verdict(row.against[baseline]),
            _sentence(row, runs, is_default=row is default, rivals=len(able) if row is best else 0),
            _figures(row, baseline),
        )
        for row in shown
    )


def _sentence(row: Row, runs: TargetRuns, *, is_default: bool, rivals: int) -> str:
    roles = ["the default"] if is_default else []
    if rivals > 1:
        roles.append(
            f"the best of {rivals} here" + ("" if is_default else ", picked afterwards, which flatters it")
        )
    role = f" ({', '.join(roles)})" if roles else ""
    parts = [f"{words.fewer(compared.difference)} {baseline}" for baseline, compared in row.against.items()]
    sentence = f"{row.name}{role} makes {' and '.join(parts)}."
    if row.saved is not None and row.against[runs.long_baseline].difference.relative < 0:
        more = words.saved(row.saved).replace("> ", "more than ")
        sentence += f" To get as far, {runs.long_baseline} needs {more} more annotations."
    return sentence


def _figures(row: Row, baseline: str) -> tuple[Figure, ...]:
    found = [
        Figure(
            f"errors against {name}", *_words(compared.difference, f"p {_equals(compared.adjusted_p_seeds)}")
        )
        for name, compared in row.against.items()
    ]
    if "tokens" in row.equal_cost:
        found.append(Figure(f"at equal tokens, against {baseline}", *_words(row.equal_cost["tokens"])))
    if row.transfer is not None:
        found.append(Figure(f"second family of models, against {baseline}", *_words(row.transfer)))
    return tuple(found)


def _words(found: Difference, more: str = "") -> tuple[str, str]:
    return words.signed(found.relative), ", ".join([words.interval(found), *([more] if more else [])])


def _equals(value: float) -> str:
    shown = words.p_value(value)
    return shown if shown.startswith("<") else f"= {shown}"


def warnings_of_study(study: Study) -> tuple[str, ...]:
    """Say what is missing of a study, and what its number of seeds cannot show."""
    found = []
    planned = len(study.spec.runs())
    if study.missing:
        names = words.listed([str(name) for name in study.missing])
        found.append(
            f"The study is not finished: {len(study.missing):,} of {words.plural(planned, 'run')} are missing "
            f"({names}). Figures are of the seeds that are there, and comparisons of the seeds that both strategies "
            "have. Give the command of the study again to play the rest."
        )
    most = max(
        len({*names, RANDOM if target == ALL else RANDOM_POSITIVE}) - 1
        for target, names in study.spec.strategies.items()
    )
    smallest = smallest_adjusted_p(study.spec.seeds, most)
    if study.spec.seeds == 1:
        found.append(
            "One seed says nothing about another start: there are no bands, and intervals are for other test "
            "utterances only. Ask for 10 seeds."
        )
    elif smallest > SIGNIFICANT:
        single = words.p_value(smallest_adjusted_p(study.spec.seeds, 1))
        found.append(
            f"With {study.spec.seeds} seeds the test over seeds cannot give a p-value below {single}, and below "
            f"{words.p_value(smallest)} after the correction for {words.plural(most, 'comparison')}: it cannot confirm "
            "any difference here. Go by the intervals, or ask for 10 seeds."
        )
    return tuple(found)


def warnings_of_target(facts: TargetFacts) -> tuple[str, ...]:
    """Say what about a target makes its figures doubtful."""
    if not facts.short_pool:
        return ()
    sentence = (
        f"The pool holds {words.plural(facts.pool_target, 'utterance')} of {facts.target}, fewer than four times the "
        f"budget of {facts.budget_utterances:,}. A pool that is used up makes all strategies alike: "
        "true differences may be larger."
    )
    return (sentence,)
