"""The report as Markdown: the sentences and tables of the HTML page; learning curves as a table instead of figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from canvass.errors import plural
from canvass.report import formatting, provenance, tables
from canvass.report.chosen_examples import Example, Segment
from canvass.report.document import Report, TargetReport
from canvass.report.findings import EXPLAINED
from canvass.report.tables import Table

ACTIVE = re.compile(r"([\\`*_\[\]<>|#~&])")


def as_markdown(report: Report) -> bytes:
    """Write the report as GitHub-flavoured Markdown."""
    return ("\n\n".join(_parts(report)) + "\n").encode()


def escaped(text: str) -> str:
    r"""Escape the active characters of Markdown.

    >>> escaped("a*b | <c>")
    'a\\*b \\| \\<c\\>'
    """
    return ACTIVE.sub(r"\\\1", text)


def _parts(report: Report) -> Iterator[str]:
    yield "# What active learning would have saved"
    yield from (f"> **Warning.** {escaped(sentence)}" for sentence in report.warnings)
    for table in tables.overall(report):
        yield from _table(table, "##")
    for target in report.targets:
        yield from _target(target)
    yield "## How it was made"
    yield "\n".join(f"* {name}: {escaped(value)}" for name, value in provenance.options(report.spec))
    yield f"{plural(report.finished, 'run')} of {report.planned:,} finished."
    for command, versions in provenance.calls(report):
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", command)), default=2))
        yield f"{fence}text\n{command}\n{fence}\n\n{escaped(versions)}"


def _target(target: TargetReport) -> Iterator[str]:
    yield f"## {escaped(target.facts.target)}"
    yield from (f"> **Warning.** {escaped(sentence)}" for sentence in target.warnings)
    if not target.rows:
        yield "No run of a strategy is finished."
        return
    for finding in target.findings:
        meaning = f"**{finding.verdict.capitalize()}** ({EXPLAINED[finding.verdict]})."
        yield f"{escaped(finding.sentence)} {meaning}"
        yield "\n".join(
            f"* {escaped(figure.label)}: {escaped(figure.value)} ({escaped(figure.detail)})"
            for figure in finding.figures
        )
    yield provenance.facts(target.facts)
    for table in tables.of_target(target):
        yield from _table(table, "###")
    yield from _table(_curves(target), "###")
    yield "### What was chosen first"
    if target.has_slots:
        yield "Gold slots, then what the models made of it before it was annotated."
    for name, chosen in target.examples.items():
        yield f"{escaped(name)}:"
        yield "\n".join(_example(example) for example in chosen)


def _table(table: Table, level: str) -> Iterator[str]:
    yield f"{level} {table.title}"
    lines = [_row(map(escaped, table.columns)), _row(["---", *["---:"] * (len(table.columns) - 1)])]
    lines += [_row(escaped(tables.text_of(cell)) for cell in row) for row in table.rows]
    yield "\n".join(lines)
    if table.note:
        yield escaped(table.note)


def _row(cells: Iterator[str] | Sequence[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _curves(target: TargetReport) -> Table:
    """Make a table of the learning curves: one row a round."""
    names = tuple(row.name for row in target.rows)
    means = [target.curves[name].band(target.main).mean.tolist() for name in names]
    rows = tuple(
        (f"{x:,.0f}", *map(formatting.percent, reached))
        for x, *reached in zip(target.curves[names[0]].x("utterances"), *means, strict=True)
    )
    note = f"{target.main.title.capitalize()}, means over the seeds."
    return tables.Table("Learning curves", ("utterances", *names), rows, note)


def _example(example: Example) -> str:
    line = f"* {_segments(example.gold)}"
    if example.predicted is None:
        return line
    if example.right:
        return f"{line} (slots predicted right)"
    return f"{line}<br>predicted: {_segments(example.predicted)}"


def _segments(segments: Sequence[Segment]) -> str:
    return "".join(
        f"**{escaped(segment.text)}** ({escaped(segment.label)})" if segment.label else escaped(segment.text)
        for segment in segments
    )
