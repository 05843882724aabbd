"""The report as Markdown: the words and tables of the page, curves as figures, no pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from canvass.report import origin, tables, words
from canvass.report.findings import EXPLAINED
from canvass.report.measures import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass.report.document import Report, TargetReport
    from canvass.report.examples import Example, Segment
    from canvass.report.tables import Table

ACTIVE = re.compile(r"([\\`*_\[\]<>|#~&])")


def as_markdown(report: Report) -> bytes:
    """Write the report as GitHub-flavoured Markdown."""
    return ("\n\n".join(_parts(report)) + "\n").encode()


def escaped(text: str) -> str:
    r"""Escape what Markdown would act on.

    >>> escaped("a*b | <c>")
    'a\\*b \\| \\<c\\>'
    """
    return ACTIVE.sub(r"\\\1", text)


def _parts(report: Report) -> Iterator[str]:
    yield "# What active learning would have saved"
    yield from (f"> **Warning.** {escaped(one)}" for one in report.warnings)
    for table in tables.overall(report):
        yield from _table(table, "##")
    for one in report.targets:
        yield from _target(one)
    yield "## How it was made"
    yield "\n".join(f"* {name}: {escaped(value)}" for name, value in origin.options(report.spec))
    yield f"{words.plural(report.finished, 'run')} of {report.planned:,} finished."
    for command, versions in origin.calls(report):
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", command)), default=2))
        yield f"{fence}text\n{command}\n{fence}\n\n{escaped(versions)}"


def _target(one: TargetReport) -> Iterator[str]:
    yield f"## {escaped(one.facts.target)}"
    yield from (f"> **Warning.** {escaped(sentence)}" for sentence in one.warnings)
    if not one.rows:
        yield "No run of a strategy is finished."
        return
    for finding in one.findings:
        meaning = f"**{finding.verdict.capitalize()}** ({EXPLAINED[finding.verdict]})."
        yield f"{escaped(finding.sentence)} {meaning}"
        yield "\n".join(
            f"* {escaped(figure.label)}: {escaped(figure.value)} ({escaped(figure.detail)})"
            for figure in finding.figures
        )
    yield origin.facts(one.facts)
    for table in tables.of_target(one):
        yield from _table(table, "###")
    yield from _table(_curves(one), "###")
    yield "### What was chosen first"
    yield "Gold slots, then what the models made of it before it was annotated."
    for name, some in one.examples.items():
        yield f"{escaped(name)}:"
        yield "\n".join(_example(example) for example in some)


def _table(table: Table, level: str) -> Iterator[str]:
    yield f"{level} {table.title}"
    lines = [_line(map(escaped, table.columns)), _line(["---", *["---:"] * (len(table.columns) - 1)])]
    lines += [_line(escaped(cell.text) for cell in row) for row in table.rows]
    yield "\n".join(lines)
    if table.note:
        yield escaped(table.note)


def _line(cells: Iterator[str] | Sequence[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _curves(one: TargetReport) -> Table:
    """Make a table of the learning curves: one row a round."""
    names = [row.name for row in one.rows]
    rows = []
    means = {name: one.curves[name].band(MAIN).mean for name in names}
    for number in range(max(map(len, means.values()))):
        x = one.curves[names[0]].x("utterances")[number]
        rows.append(
            (
                tables.Cell(f"{x:,.0f}"),
                *(tables.Cell(words.percent(float(means[name][number]))) for name in names),
            )
        )
    return tables.Table(
        "Learning curves", ("utterances", *names), tuple(rows), "Slot error rate, means over the seeds."
    )


def _example(example: Example) -> str:
    line = f"* {_segments(example.gold)}"
    if example.predicted is None:
        return line
    if example.right:
        return f"{line} (slots predicted right)"
    return f"{line}<br>predicted: {_segments(example.predicted)}"


def _segments(segments: Sequence[Segment]) -> str:
    return "".join(
        f"**{escaped(one.text)}** ({escaped(one.label)})" if one.label else escaped(one.text)
        for one in segments
    )
