"""The tables of the report as cells of words, the same for HTML and Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from canvass.report import words
from canvass.report.curves import RANDOM
from canvass.report.measures import MAIN, MEASURES

if TYPE_CHECKING:
    from canvass.report.comparisons import Comparison, Difference
    from canvass.report.document import Report, TargetReport
    from canvass.report.table_rows import Row

SHORT = {
    "span_slot_error_rate": "spans alone",
    "intent_error_rate": "intent error",
    "span_f1": "span F1",
    "frame_error_rate": "frame error",
}


class Cell(NamedTuple):
    """Words, and, for a relative difference, the figures behind them, which a page draws as a line."""

    text: str
    difference: Difference | None = None


class Table(NamedTuple):
    """A table; the first column names the rows, the others are figures. `note` explains the columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str


def of_target(one: TargetReport) -> tuple[Table, ...]:
    """Make the tables of a target."""
    found = (errors(one), on_the_way(one), choices(one), routing_and_transfer(one))
    return tuple(table for table in found if table is not None)


def errors(one: TargetReport) -> Table:
    """Slot error rate after the budget, against both baselines, with intervals and p-values."""
    baselines = list(dict.fromkeys(name for row in one.rows for name in row.against))
    baselines.sort(key=lambda name: name != one.baseline)
    uneven = len({row.seeds for row in one.rows}) > 1
    columns = ["strategy", *(["seeds"] if uneven else []), MAIN.title]
    for name in baselines:
        columns += [f"against {name}", "95 % interval", "p, seeds", "p, utterances"]
    rows = []
    for row in one.rows:
        cells = [Cell(row.name), *([Cell(str(row.seeds))] if uneven else []), Cell(_with_band(row))]
        for name in baselines:
            cells += _against(row.against.get(name))
        rows.append(tuple(cells))
    note = (
        "Means over the seeds, with the half-widths of their 95 % intervals. Against a baseline, below zero is fewer "
        "errors. The p-values are corrected for all strategies of the table (Holm); the first exchanges whole seeds "
        "and speaks of another start, the second test utterances and speaks of these trained models alone."
    )
    if one.ceiling:
        note += f" Trained on the whole pool: {words.percent(one.ceiling[MAIN.name])}."
    return Table("Errors after the budget", tuple(columns), tuple(rows), note)


def _with_band(row: Row) -> str:
    if not math.isfinite(row.low):
        return words.percent(row.final)
    return f"{100 * row.final:.1f} \N{PLUS-MINUS SIGN} {words.percent(row.high - row.final)}"


def _against(compared: Comparison | None) -> list[Cell]:
    if compared is None:
        return [Cell(words.NOTHING)] * 4
    found = compared.difference
    return [
        Cell(words.signed(found.relative), found),
        Cell(words.interval(found)),
        Cell(words.p_value(compared.adjusted_p_seeds)),
        Cell(words.p_value(compared.adjusted_p_utterances)),
    ]


def on_the_way(one: TargetReport) -> Table:
    """Area under the curve, annotations saved, and the other measures after the budget."""
    others = [measure for measure in one.measures if measure is not MAIN]
    columns = (
        "strategy",
        "mean on the way",
        f"more that {one.baseline} needs",
        "fewer it needs",
        *(SHORT[measure.name] for measure in others),
    )
    rows = tuple(
        (
            Cell(row.name),
            Cell(words.percent(row.area)),
            Cell(words.saved(row.saved)),
            Cell(_fewer(row)),
            *(Cell(words.percent(row.measures[measure.name])) for measure in others),
        )
        for row in one.rows
    )
    note = (
        "Mean on the way: the area under the curve of the slot error rate, divided by the budget. The next two are "
        f"annotations saved: how many more {one.baseline} needs for the error that the strategy ends with, read off "
        "its run on to three times the budget (below zero: fewer), and how many fewer the strategy needs for the "
        f"error that {one.baseline} ends the budget with. The others are after the budget; spans alone and span F1 "
        "leave the intent out."
    )
    if len(others) < len(MEASURES) - 1:
        note += " Measures that never change are left out (intent errors where the target has one intent)."
    return Table("On the way, and other measures", columns, rows, note)


def _fewer(row: Row) -> str:
    if row.saved is None or row.saved.fewer is None:
        return words.NOTHING
    count = round(row.saved.fewer)
    return f"{words.MINUS if count < 0 else ''}{abs(count):,}"


def choices(one: TargetReport) -> Table:
    """Tell what was chosen, and compare at equal cost."""
    columns = (
        "strategy", "of the target", "filled", "tokens", "slots",
        "at equal tokens", "95 % interval", "at equal slots", "95 % interval",
    )  # fmt: skip
    rows = []
    for row in one.rows:
        cells = [Cell(row.name)]
        if row.chosen is None:
            cells += [Cell(words.NOTHING)] * 4
        else:
            cells += [
                Cell(words.percent(row.chosen.on_target, 0)),
                Cell(words.percent(row.chosen.filled, 0)),
                Cell(f"{row.chosen.tokens:.1f}"),
                Cell(f"{row.chosen.slots:.1f}"),
            ]
        for unit in ("tokens", "slots"):
            cells += _difference(row.equal_cost.get(unit))
        rows.append(tuple(cells))
    note = (
        "Of the target: share of the chosen that really was. Filled: had not passed the filter. Tokens and slots: "
        "means of what was chosen, without the intent. At equal cost: errors against "
        f"{one.baseline} where the one of the two that spent less had ended, interpolated between rounds; of slots, "
        "the intent counts as one. Utterances that a model is unsure of tend to be longer, and then cost more."
    )
    return Table("What was chosen, and what it costs", columns, tuple(rows), note)


def _difference(found: Difference | None) -> list[Cell]:
    if found is None:
        return [Cell(words.NOTHING)] * 2
    return [Cell(words.signed(found.relative), found), Cell(words.interval(found))]


def routing_and_transfer(one: TargetReport) -> Table | None:
    """How well the committee tells the target from the rest, and how a second family does with the same data."""
    routed = any(row.routing for row in one.rows)
    moved = any(row.transfer_rate is not None for row in one.rows)
    if not routed and not moved:
        return None
    columns = ["strategy"]
    columns += ["precision", "recall", "F1"] if routed else []
    columns += ["second family", f"against {one.baseline}", "95 % interval"] if moved else []
    rows = []
    for row in one.rows:
        cells = [Cell(row.name)]
        if routed:
            found = row.routing
            cells += [
                Cell(words.percent(value))
                for value in ((found.precision, found.recall, found.f1) if found else [None] * 3)
            ]
        if moved:
            cells += [Cell(words.percent(row.transfer_rate)), *_difference(row.transfer)]
        rows.append(tuple(cells))
    note = (
        "Precision, recall and F1: the committee on the whole test set, after the last round."
        if routed
        else ""
    )
    if moved:
        note += (
            " Second family: slot error rate of models with another learner and other features, trained on what was "
            "selected for the first."
        )
    title = " and ".join((["Routing"] if routed else []) + (["transfer"] if moved else []))
    return Table(title[0].upper() + title[1:], tuple(columns), tuple(rows), note.strip())


def overall(report: Report) -> tuple[Table, ...]:
    """Sum up several targets: the findings of each, and every strategy against the headline baseline."""
    shown = [one for one in report.targets if one.findings]
    if len(report.targets) < 2 or not shown:  # noqa: PLR2004 - several
        return ()
    rows = []
    for one in shown:
        by_name = {row.name: row for row in one.rows}
        for finding in one.findings:
            row = by_name[finding.name]
            headline, chance = row.against[one.baseline], row.against.get(RANDOM)
            role = " and ".join((["default"] if finding.default else []) + (["best"] if finding.best else []))
            rows.append(
                (
                    Cell(one.facts.target),
                    Cell(f"{row.name} ({role})"),
                    *_against(headline)[:3],
                    Cell(words.signed(chance.difference.relative) if chance else words.NOTHING),
                    Cell(words.saved(row.saved)),
                    Cell(finding.verdict),
                )
            )
    columns = (
        "target", "strategy", "against the baseline", "95 % interval", "p, seeds", "against random",
        "annotations saved", "verdict",
    )  # fmt: skip
    baseline = " or ".join(dict.fromkeys(one.baseline for one in shown))
    first = Table(
        "All targets",
        columns,
        tuple(rows),
        f"The baseline: {baseline}, at the same budget. Below zero: fewer errors. The p-values are corrected within "
        "each target (Holm). Annotations saved: how many more the baseline needs for the same error.",
    )
    return first, _matrix(shown)


def _matrix(shown: list[TargetReport]) -> Table:
    found = {
        (row.name, one.facts.target): row.against[one.baseline].difference.relative
        for one in shown
        for row in one.rows
        if one.baseline in row.against
    }
    targets = [one.facts.target for one in shown]
    means = {}
    for name in dict.fromkeys(name for name, _ in found):
        ratios = [1 + found[name, target] for target in targets if (name, target) in found]
        means[name] = _geometric_mean(ratios) - 1
    rows = tuple(
        (
            Cell(name),
            Cell(words.signed(means[name])),
            *(
                Cell(words.signed(found[name, one]) if (name, one) in found else words.NOTHING)
                for one in targets
            ),
        )
        for name in sorted(means, key=lambda name: (means[name], name))
    )
    note = "Errors against the baseline, below zero fewer; the mean is geometric, over the targets that are there."
    return Table("Strategies by target", ("strategy", "mean", *targets), rows, note)


def _geometric_mean(ratios: list[float]) -> float:
    if not all(map(math.isfinite, ratios)):
        return math.inf
    return 0.0 if min(ratios) <= 0 else math.exp(sum(map(math.log, ratios)) / len(ratios))
