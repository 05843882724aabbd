"""Findings of a study as sentences: warnings, and what the default and the best strategy gain over the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from canvass.errors import plural
from canvass.report import formatting
from canvass.report.comparisons import Comparison, Difference, smallest_adjusted_p
from canvass.report.learning_curves import RANDOM, RANDOM_POSITIVE, TargetRuns
from canvass.report.table_rows import Row
from canvass.simulation.spec import TargetFacts
from canvass.simulation.store import Study
from canvass.strategies import STRATEGIES, default_for

SIGNIFICANT = 0.05
WORTH_IT, LIKELY, OPEN, NOT_WORTH_IT = "worth it", "probably worth it", "not shown", "not worth it"
EXPLAINED = {
    WORTH_IT: "the interval lies below zero, and the corrected test over seeds agrees",
    LIKELY: "the interval lies below zero, but the corrected test over seeds does not reach 0.05",
    OPEN: "the interval holds zero",
    NOT_WORTH_IT: "the interval lies above zero: more errors",
}


class Figure(NamedTuple):
    """A figure that supports a finding: its label, its value, and its interval and p-value, as text."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Finding:
    """What a strategy gains over the headline baseline.

    `best` and `default` tell its role; `verdict` is a key of `EXPLAINED`.
    """

    name: str
    best: bool
    default: bool
    verdict: str
    sentence: str
    figures: tuple[Figure, ...]


def verdict(compared: Comparison) -> str:
    """Judge a comparison with the headline baseline; returns a key of `EXPLAINED`.

    >>> from canvass.report.comparisons import Comparison, Difference
    >>> verdict(Comparison(Difference(-0.1, -0.2, -0.05, 10), 0.002, 0.0001, 0.02, 0.001))
    'worth it'
    """
    difference = compared.difference
    if difference.low > 0:
        return NOT_WORTH_IT
    if difference.high >= 0:
        return OPEN
    return WORTH_IT if compared.adjusted_p_seeds <= SIGNIFICANT else LIKELY


def findings_of(runs: TargetRuns, rows: Sequence[Row]) -> tuple[Finding, ...]:
    """Describe the gain of the default and of the best strategy; the default first, since it was chosen beforehand."""
    baseline = runs.long_baseline
    able = [
        row
        for row in rows
        if baseline in row.against and row.name in STRATEGIES and row.name not in {RANDOM, RANDOM_POSITIVE}
    ]
    if not able:
        return ()
    # Only strategies with the most seeds can be the best: the others are less certain.
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
    parts = [
        f"{formatting.fewer(compared.difference)} {baseline}" for baseline, compared in row.against.items()
    ]
    sentence = f"{row.name}{role} makes {' and '.join(parts)}."
    if row.saved is not None and row.against[runs.long_baseline].difference.relative < 0:
        more = formatting.saved(row.saved).replace("> ", "more than ")
        sentence += f" To get as far, {runs.long_baseline} needs {more} more annotations."
    return sentence


def _figures(row: Row, baseline: str) -> tuple[Figure, ...]:
    figures = [
        Figure(
            f"errors against {name}", *_text(compared.difference, f"p {_equals(compared.adjusted_p_seeds)}")
        )
        for name, compared in row.against.items()
    ]
    if row.words is not None:
        figures.append(Figure("with against without word features", *_text(row.words.difference)))
    if "tokens" in row.equal_cost:
        figures.append(Figure(f"at equal tokens, against {baseline}", *_text(row.equal_cost["tokens"])))
    for name, family in row.families.items():
        if family.difference is not None:
            figures.append(Figure(f"{name}, against {baseline}", *_text(family.difference)))
    if row.worst_family is not None:
        name, difference = row.worst_family
        figures.append(Figure(f"worst family, against {baseline}", *_text(difference, name)))
    return tuple(figures)


def _text(difference: Difference, more: str = "") -> tuple[str, str]:
    return formatting.signed(difference.relative), ", ".join(
        [formatting.interval(difference), *([more] if more else [])]
    )


def _equals(value: float) -> str:
    shown = formatting.p_value(value)
    return shown if shown.startswith("<") else f"= {shown}"


def warnings_of_study(study: Study) -> tuple[str, ...]:
    """Warn of missing runs, and of what the number of seeds cannot show."""
    warnings = []
    planned = len(study.spec.runs())
    if study.missing:
        names = formatting.listed([str(name) for name in study.missing])
        warnings.append(
            f"The study is not finished: {len(study.missing):,} of {plural(planned, 'run')} are missing "
            f"({names}). Figures are of the seeds that are there, and comparisons of the seeds that both strategies "
            "have. Give the command of the study again to run the rest."
        )
    most = max(len(study.spec.methods_of(target)) - 1 for target in study.spec.targets)
    smallest = smallest_adjusted_p(study.spec.seeds, most)
    if study.spec.seeds == 1:
        warnings.append(
            "One seed says nothing about another start: there are no bands, and intervals are for other test "
            "utterances only. Ask for 10 seeds."
        )
    elif smallest > SIGNIFICANT:
        single = formatting.p_value(smallest_adjusted_p(study.spec.seeds, 1))
        warnings.append(
            f"With {study.spec.seeds} seeds the test over seeds cannot give a p-value below {single}, and below "
            f"{formatting.p_value(smallest)} after the correction for {plural(most, 'comparison')}: it "
            "cannot confirm any difference here. Go by the intervals, or ask for 10 seeds."
        )
    return tuple(warnings)


def warnings_of_target(facts: TargetFacts) -> tuple[str, ...]:
    """Warn of a pool that is too small to tell strategies apart."""
    if not facts.short_pool:
        return ()
    sentence = (
        f"The pool holds {plural(facts.pool_target, 'utterance')} of {facts.target}, fewer than four times "
        f"the budget of {facts.budget_utterances:,}. A pool that is used up makes all strategies alike: "
        "true differences may be larger."
    )
    return (sentence,)
