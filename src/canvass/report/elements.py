"""HTML elements of the page: tables, examples, legends. All text is escaped here."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from canvass.report.chosen_examples import Example, Segment
from canvass.report.comparisons import Difference
from canvass.report.curve_figures import GREY, Look
from canvass.report.tables import Cell, Table, text_of

GLYPH, MIDDLE, HALF = 84, 42, 40  # pixels: width, centre and half-range of an interval drawn in a cell
WORDS = ' class="words"'
DASHES = {"s1": "", "s2": "", "s3": "6 2 1 2", "s4": "5 2", "s5": "1.5 2"}
MARKS = {
    "o": '<circle cx="17" cy="6" r="3"/>',
    "s": '<rect x="14" y="3" width="6" height="6"/>',
    "^": '<path d="M17 2l4 7h-8z"/>',
    "D": '<path d="M17 2l4 4-4 4-4-4z"/>',
    "v": '<path d="M17 10l4-7h-8z"/>',
}


def text(words: str) -> str:
    """Escape a text for element content and quoted attributes."""
    return html.escape(words)


def table(content: Table, level: str, emphasised: Sequence[str] = ()) -> str:
    """Write a table; one that is too wide scrolls by itself. `emphasised` names rows to highlight."""
    differences = [cell for row in content.rows for cell in row if isinstance(cell, Difference)]
    bounds = [abs(end) for difference in differences for end in (difference.low, difference.high)]
    scale = min(1.0, max([end for end in bounds if math.isfinite(end)], default=1.0)) or 1.0
    left = {i for row in content.rows for i, cell in enumerate(row) if text_of(cell)[:1].isalpha()}
    head = "".join(
        f'<th scope="col"{WORDS if i in left else ""}>{text(name)}</th>'
        for i, name in enumerate(content.columns)
    )
    body = "".join(_row(row, scale, main=row[0] in emphasised) for row in content.rows)
    title = text(content.title)
    return (
        f'<{level}>{title}</{level}><div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<p class="note">{text(content.note)}</p>'
    )


def _row(row: Sequence[Cell], scale: float, *, main: bool) -> str:
    first, *others = row
    kind = ' class="main"' if main else ""
    cells = "".join(_cell(cell, scale) for cell in others)
    return f'<tr{kind}><th scope="row">{text(text_of(first))}</th>{cells}</tr>'


def _cell(cell: Cell, scale: float) -> str:
    if isinstance(cell, Difference):
        return f"<td>{text(text_of(cell))}{glyph(cell, scale)}</td>"
    kind = WORDS if cell[:1].isalpha() else ""
    return f"<td{kind}>{text(cell)}</td>"


def glyph(difference: Difference, scale: float) -> str:
    """Draw a difference and its interval as a dot on a line with zero in the middle, clipped at `scale`."""

    def x(value: float) -> float:
        return round(MIDDLE + HALF * max(-1.0, min(1.0, value / scale)), 1)

    kind = "good" if difference.high < 0 else "bad" if difference.low > 0 else "muted"
    low, high, dot = x(difference.low), x(difference.high), x(difference.relative)
    return (
        f'<svg viewBox="0 0 {GLYPH} 12" aria-hidden="true" class="{kind}">'
        f'<path d="M{MIDDLE} 0v12" stroke="var(--faint)"/>'
        f'<path d="M{low} 6H{high}" stroke="currentColor" stroke-width="2"/>'
        f'<circle cx="{dot}" cy="6" r="3" fill="currentColor"/></svg>'
    )


def legend(looks: dict[str, Look]) -> str:
    """Write the legend of the figures; the grey strategies share one entry."""
    parts = [f"<li>{_swatch(look)}{text(name)}</li>" for name, look in looks.items() if look != GREY]
    others = [name for name, look in looks.items() if look == GREY]
    if others:
        parts.append(f'<li class="muted">{_swatch(GREY)}{text(", ".join(others))}</li>')
    return f'<ul class="legend">{"".join(parts)}</ul>'


def _swatch(look: Look) -> str:
    dash = f' stroke-dasharray="{DASHES[look.role]}"' if DASHES.get(look.role) else ""
    return (
        f'<svg viewBox="0 0 34 12" aria-hidden="true" style="color:var(--{look.role})">'
        f'<path d="M0 6h34" stroke="currentColor" stroke-width="{2 if look.mark else 1}"{dash}/>'
        f'<g fill="currentColor">{MARKS.get(look.mark, "")}</g></svg>'
    )


def examples(name: str, chosen: Sequence[Example]) -> str:
    """List the first choices of a strategy."""
    return f"<div><h4>{text(name)}</h4><ul>{''.join(map(_example, chosen))}</ul></div>"


def _example(example: Example) -> str:
    gold = _line("gold", example.gold)
    if example.predicted is None:
        return f"<li>{gold}</li>"
    if example.right:
        return f'<li>{gold}<span class="line"><span class="who">predicted right</span></span></li>'
    return f"<li>{gold}{_line('predicted', example.predicted)}</li>"


def _line(who: str, segments: Sequence[Segment]) -> str:
    shown = "".join(_segment(segment) for segment in segments)
    return f'<span class="line"><span class="who">{who}</span><bdi>{shown}</bdi></span>'


def _segment(segment: Segment) -> str:
    if not segment.label:
        return text(segment.text)
    kind = "" if segment.right else ' class="wrong"'
    return f"<mark{kind}>{text(segment.text)}<bdi>{text(segment.label)}</bdi></mark>"
