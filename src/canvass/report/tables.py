"""Tables of the report as cells of text, the same for HTML and Markdown."""

from __future__ import annotations

import math
from typing import NamedTuple

from canvass.report import formatting
from canvass.report.comparisons import Comparison, Difference
from canvass.report.document import Report, TargetReport
from canvass.report.learning_curves import RANDOM
from canvass.report.table_rows import Row
from canvass.simulation.measures import MAIN, MEASURES
from canvass.simulation.spec import without_words
from canvass.types import ALL

MEAN = "below zero fewer; the mean is geometric, over the targets that are there."
SHORT = {
    "span_slot_error_rate": "spans alone",
    "intent_error_rate": "intent error",
    "span_f1": "span F1",
    "frame_error_rate": "frame error",
}


Cell = str | Difference  # the HTML page draws a difference, too


def text_of(cell: Cell) -> str:
    """Write the text of a cell."""
    return cell if isinstance(cell, str) else formatting.signed(cell.relative)


class Table(NamedTuple):
    """A table whose first column names the rows; `note` explains the columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str


def of_target(report: TargetReport) -> tuple[Table, ...]:
    """Make the tables of a target."""
    tables = (
        errors(report), word_features(report), on_the_way(report), choices(report), routing(report), transfer(report),
    )  # fmt: skip
    return tuple(table for table in tables if table is not None)


def errors(report: TargetReport) -> Table:
    """Tabulate the slot error rate after the budget against each baseline, with intervals and p-values."""
    baselines = list(dict.fromkeys(name for row in report.rows for name in row.against))
    baselines.sort(key=lambda name: name != report.baseline)
    uneven = len({row.seeds for row in report.rows}) > 1
    columns = ["strategy", *(["seeds"] if uneven else []), report.main.title]
    for name in baselines:
        columns += [f"against {name}", "95 % interval", "p, seeds", "p, utterances"]
    rows = []
    for row in report.rows:
        cells: list[Cell] = [row.name, *([str(row.seeds)] if uneven else []), _with_band(row)]
        for name in baselines:
            cells += _against(row.against.get(name))
        rows.append(tuple(cells))
    note = (
        "Means over the seeds, with the half-widths of their 95 % intervals. Against a baseline, below zero is fewer "
        "errors. The p-values are corrected for all strategies of the table (Holm); the first exchanges whole seeds "
        "and speaks of another start, the second test utterances and speaks of these trained models alone."
    )
    if report.ceiling:
        note += f" Trained on the whole pool: {formatting.percent(report.ceiling[MAIN.name])}."
    return Table("Errors after the budget", tuple(columns), tuple(rows), note)


def _with_band(row: Row) -> str:
    if not math.isfinite(row.low):
        return formatting.percent(row.final)
    return f"{100 * row.final:.1f} \N{PLUS-MINUS SIGN} {formatting.percent(row.high - row.final)}"


def _against(compared: Comparison | None) -> list[Cell]:
    if compared is None:
        return [formatting.NOTHING] * 4
    p_values = map(formatting.p_value, (compared.adjusted_p_seeds, compared.adjusted_p_utterances))
    return [*_difference(compared.difference), *p_values]


def word_features(report: TargetReport) -> Table | None:
    """Tabulate what word features change for each strategy; None where errors were not counted without them."""
    plain = {row.name: row for row in report.rows}
    rows = tuple(
        (
            row.name,
            formatting.percent(plain[without_words(row.name)].final),
            formatting.percent(row.final),
            *_difference(row.words.difference),
            _count(row.words.fewer),
        )
        for row in report.rows
        if row.words
    )
    if not rows:
        return None
    note = (
        "The same choices, with which models were trained with word features and without. Annotations saved: how many "
        "fewer it needs with them for the error that it ends with without."
    )
    columns = ("strategy", "without", "with", "with against without", "95 % interval", "annotations saved")
    return Table("What word features change", columns, rows, note)


def on_the_way(report: TargetReport) -> Table:
    """Tabulate the area under the curve, annotations saved, and the other measures after the budget."""
    others = [measure for measure in report.measures if measure is not report.main]
    columns = (
        "strategy",
        "mean on the way",
        f"more that {report.baseline} needs",
        "fewer it needs",
        *(SHORT[measure.name] for measure in others),
    )
    rows = tuple(
        (
            row.name,
            formatting.percent(row.area),
            formatting.saved(row.saved),
            _count(row.saved.fewer if row.saved else None),
            *(formatting.percent(row.measures[measure.name]) for measure in others),
        )
        for row in report.rows
    )
    note = (
        f"Mean on the way: the area under the curve of the {report.main.title}, divided by the budget. The next two "
        f"are annotations saved: how many more {report.baseline} needs for the error that the strategy ends with, read "
        "off its run on to three times the budget (below zero: fewer), and how many fewer the strategy needs for the "
        f"error that {report.baseline} ends the budget with."
    )
    if others:
        note += " The others are after the budget; spans alone and span F1 leave the intent out."
    if report.has_slots and len(others) < len(MEASURES) - 1:
        note += " Measures that never change are left out (intent errors where the target has one intent)."
    return Table("On the way, and other measures", columns, rows, note)


def _count(fewer: float | None) -> str:
    if fewer is None:
        return formatting.NOTHING
    count = round(fewer)
    return f"{formatting.MINUS if count < 0 else ''}{abs(count):,}"


def choices(report: TargetReport) -> Table:
    """Tabulate what was chosen, and comparisons at equal cost."""
    units = ["tokens", "slots"] if report.has_slots else ["tokens"]
    equal = [heading for unit in units for heading in (f"at equal {unit}", "95 % interval")]
    columns = ("strategy", "of the target", "filled", *units, *equal)
    is_all = report.facts.target == ALL
    rows = []
    for row in report.rows:
        cells: list[Cell] = [row.name]
        if row.chosen is None:
            cells += [formatting.NOTHING] * (2 + len(units))
        else:
            cells += [
                formatting.percent(row.chosen.on_target, 1 if is_all else 0),
                formatting.percent(row.chosen.filled, 0),
                *(f"{getattr(row.chosen, unit):.1f}" for unit in units),
            ]
        for unit in units:
            cells += _difference(row.equal_cost.get(unit))
        rows.append(tuple(cells))
    outside, means, intent = "; the rest is out of scope" if is_all else "", "", ""
    if report.has_slots:
        means, intent = ", without the intent", "; of slots, the intent counts as one"
    note = (
        f"Of the target: share of the chosen that really was{outside}. Filled: had not passed the filter. "
        f"{' and '.join(units).capitalize()}: means of what was chosen{means}. At equal cost: errors against "
        f"{report.baseline} where the one of the two that spent less had ended, interpolated between rounds{intent}. "
        "Utterances that a model is unsure of tend to be longer, and then cost more."
    )
    return Table("What was chosen, and what it costs", columns, tuple(rows), note)


def _difference(difference: Difference | None) -> list[Cell]:
    if difference is None:
        return [formatting.NOTHING] * 2
    return [difference, formatting.interval(difference)]


def routing(report: TargetReport) -> Table | None:
    """Tabulate the routing of the committee; None where there is none."""
    rows = tuple(
        (row.name, *map(formatting.percent, (row.routing.precision, row.routing.recall, row.routing.f1)))
        for row in report.rows
        if row.routing
    )
    if not rows:
        return None
    note = "The committee on the whole test set, after the last round."
    return Table("Routing", ("strategy", "precision", "recall", "F1"), rows, note)


def transfer(report: TargetReport) -> Table | None:
    """Tabulate the families of models that were trained on what was selected; None without any."""
    families = list(dict.fromkeys(name for row in report.rows for name in row.families))
    if not families:
        return None
    against = f"against {report.baseline}"
    rows = []
    for row in (row for row in report.rows if row.families):
        cells: list[Cell] = [row.name]
        for name in families:
            rate, difference = row.families.get(name, (None, None))
            cells += [formatting.percent(rate), *_difference(difference)]
        worst, difference = row.worst_family or (formatting.NOTHING, None)
        rows.append((*cells, worst, *_difference(difference)))
    note = (
        f"{report.main.title.capitalize()} of models of other kinds, trained on what the strategy selected, compared "
        f"with the same models trained on what {report.baseline} selected. Worst family: the one that fares worst by "
        "this comparison, the reference NLU among them."
    )
    headings = [heading for name in families for heading in (name, against, "95 % interval")]
    return Table(
        "Transfer", ("strategy", *headings, "worst family", against, "95 % interval"), tuple(rows), note
    )


def overall(report: Report) -> tuple[Table, ...]:
    """Summarise several targets: the findings of each, every strategy against the headline baseline, word features."""
    if len(report.targets) < 2:  # noqa: PLR2004 - several
        return ()
    shown = [section for section in report.targets if section.findings]
    words = {
        (row.name, section.facts.target): row.words.difference.relative
        for section in report.targets
        for row in section.rows
        if row.words
    }
    tables = _against_baseline(shown) if shown else ()
    note = f"Errors with against without word features, {MEAN}"
    return (*tables, _matrix("Word features by target", words, note)) if words else tables


def _against_baseline(shown: list[TargetReport]) -> tuple[Table, ...]:
    rows = []
    for section in shown:
        by_name = {row.name: row for row in section.rows}
        for finding in section.findings:
            row = by_name[finding.name]
            headline, chance = row.against[section.baseline], row.against.get(RANDOM)
            role = " and ".join((["default"] if finding.default else []) + (["best"] if finding.best else []))
            rows.append(
                (
                    section.facts.target,
                    f"{row.name} ({role})",
                    *_against(headline)[:3],
                    formatting.signed(chance.difference.relative) if chance else formatting.NOTHING,
                    formatting.saved(row.saved),
                    finding.verdict,
                )
            )
    columns = (
        "target", "strategy", "against the baseline", "95 % interval", "p, seeds", "against random",
        "annotations saved", "verdict",
    )  # fmt: skip
    baseline = " or ".join(dict.fromkeys(section.baseline for section in shown))
    first = Table(
        "All targets",
        columns,
        tuple(rows),
        f"The baseline: {baseline}, at the same budget. Below zero: fewer errors. The p-values are corrected within "
        "each target (Holm). Annotations saved: how many more the baseline needs for the same error.",
    )
    against = {
        (row.name, section.facts.target): row.against[section.baseline].difference.relative
        for section in shown
        for row in section.rows
        if section.baseline in row.against
    }
    return first, _matrix("Strategies by target", against, f"Errors against the baseline, {MEAN}")


def _matrix(title: str, differences: dict[tuple[str, str], float], note: str) -> Table:
    """Tabulate relative differences by name and target."""
    targets = list(dict.fromkeys(target for _, target in differences))
    means = {}
    for name in dict.fromkeys(name for name, _ in differences):
        ratios = [1 + differences[name, target] for target in targets if (name, target) in differences]
        means[name] = _geometric_mean(ratios) - 1
    rows = tuple(
        (
            name,
            formatting.signed(means[name]),
            *(
                formatting.signed(differences[name, target])
                if (name, target) in differences
                else formatting.NOTHING
                for target in targets
            ),
        )
        for name in sorted(means, key=lambda name: (means[name], name))
    )
    return Table(title, ("strategy", "mean", *targets), rows, note)


def _geometric_mean(ratios: list[float]) -> float:
    if not all(map(math.isfinite, ratios)):
        return math.inf
    return 0.0 if min(ratios) <= 0 else math.exp(sum(map(math.log, ratios)) / len(ratios))
