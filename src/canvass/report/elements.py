"""Pieces of the page: tables, examples, legends; every text is escaped here."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

from canvass.report.curve_figures import GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.report.comparisons import Difference
    from canvass.report.curve_figures import Look
    from canvass.report.examples import Example, Segment
    from canvass.report.tables import Cell, Table

GLYPH, MIDDLE, HALF = 84, 42, 40  # pixels: the width of an interval drawn in a cell
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


def table(found: Table, level: str, emphasised: Sequence[str] = ()) -> str:
    """Make a table that scrolls by itself where it is too wide."""
    bounds = [
        abs(end) for row in found.rows for cell in row if cell.difference for end in cell.difference[1:3]
    ]
    scale = min(1.0, max([end for end in bounds if math.isfinite(end)], default=1.0)) or 1.0
    left = {place for row in found.rows for place, cell in enumerate(row) if cell.text[:1].isalpha()}
    head = "".join(
        f'<th scope="col"{WORDS if place in left else ""}>{text(name)}</th>'
        for place, name in enumerate(found.columns)
    )
    body = "".join(_row(row, scale, main=row[0].text in emphasised) for row in found.rows)
    title = text(found.title)
    return (
        f'<{level}>{title}</{level}><div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<p class="note">{text(found.note)}</p>'
    )


def _row(row: Sequence[Cell], scale: float, *, main: bool) -> str:
    first, *others = row
    kind = ' class="main"' if main else ""
    cells = "".join(_cell(cell, scale) for cell in others)
    return f'<tr{kind}><th scope="row">{text(first.text)}</th>{cells}</tr>'


def _cell(cell: Cell, scale: float) -> str:
    if cell.difference is not None:
        return f"<td>{text(cell.text)}{glyph(cell.difference, scale)}</td>"
    kind = WORDS if cell.text[:1].isalpha() else ""
    return f"<td{kind}>{text(cell.text)}</td>"


def glyph(found: Difference, scale: float) -> str:
    """Draw a difference and its interval as a dot on a line, zero in the middle; the words beside it say the same."""

    def place(value: float) -> float:
        return round(MIDDLE + HALF * max(-1.0, min(1.0, value / scale)), 1)

    kind = "good" if found.high < 0 else "bad" if found.low > 0 else "muted"
    low, high, dot = place(found.low), place(found.high), place(found.relative)
    return (
        f'<svg viewBox="0 0 {GLYPH} 12" aria-hidden="true" class="{kind}">'
        f'<path d="M{MIDDLE} 0v12" stroke="var(--faint)"/>'
        f'<path d="M{low} 6H{high}" stroke="currentColor" stroke-width="2"/>'
        f'<circle cx="{dot}" cy="6" r="3" fill="currentColor"/></svg>'
    )


def legend(looks: dict[str, Look]) -> str:
    """Name the lines of the figures; those without a look of their own together."""
    parts = [f"<li>{_swatch(look)}{text(name)}</li>" for name, look in looks.items() if look != GREY]
    others = [name for name, look in looks.items() if look == GREY]
    if others:
        parts.append(f'<li class="muted">{_swatch(GREY)}{text(", ".join(others))}</li>')
    return f'<ul class="legend">{"".join(parts)}</ul>'


def _swatch(look: Look) -> str:
    dash = f' stroke-dasharray="{DASHES[look.role]}"' if DASHES.get(look.role) else ""
    return (
        f'<svg viewBox="0 0 34 12" aria-hidden="true" style="color:var(--{look.role})">'
        f'<path d="M0 6h34" stroke="currentColor" stroke-width="2"{dash}/>'
        f'<g fill="currentColor">{MARKS.get(look.mark, "")}</g></svg>'
    )


def examples(name: str, some: Sequence[Example]) -> str:
    """Show what a strategy chose first."""
    return f"<div><h4>{text(name)}</h4><ul>{''.join(map(_example, some))}</ul></div>"


def _example(example: Example) -> str:
    gold = _line("gold", example.gold)
    if example.predicted is None:
        return f"<li>{gold}</li>"
    if example.right:
        return f'<li>{gold}<span class="line"><span class="who">predicted right</span></span></li>'
    return f"<li>{gold}{_line('predicted', example.predicted)}</li>"


def _line(who: str, segments: Sequence[Segment]) -> str:
    shown = "".join(_segment(one) for one in segments)
    return f'<span class="line"><span class="who">{who}</span><bdi>{shown}</bdi></span>'


def _segment(one: Segment) -> str:
    if not one.label:
        return text(one.text)
    kind = "" if one.right else ' class="wrong"'
    return f"<mark{kind}>{text(one.text)}<bdi>{text(one.label)}</bdi></mark>"
