"""The report of `canvass discover`: records for JSON, and a self-contained page with a map of the groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from canvass.report import elements, svg
from canvass.report.elements import text
from canvass.report.page import whole_page
from canvass.report.tables import Table
from canvass.selection.discovery import Discovery, Group

TITLE = "What the labelled set lacks"
SIZE = (700, 440)
COLOURS = ("s1", "s2", "s3", "s4")
NOTE = (
    "requests: the traffic of POOL in the group; lost: the share of it to which the intent classifier gives its "
    "likeliest label less than 50 %; annotated: labelled requests in the group; nearest: the label predicted most "
    "often."
)
GROWTH_NOTE = "since: the share of the group in the newer half of the traffic against that in the older half."
SCARCE_NOTE = "Requests of POOL as predicted, where the label has 50 % or more."


def name_of(group: Group) -> str:
    """Name a group by its telling words and phrases."""
    return ", ".join(group.name) or group.typical[0]


def growth_of(discovery: Discovery, place: int) -> str:
    """Write how the share of a group has grown from the older half of the traffic to the newer: `+80%`, or `new`."""
    growth = discovery.growth(place)
    return "" if growth is None else "new" if growth == math.inf else f"{growth - 1:+.0%}"


def as_dict(discovery: Discovery) -> dict[str, Any]:
    """Convert to a record for JSON."""
    none = np.zeros(len(discovery.groups), np.int64)
    since, older, newer = discovery.halves or (None, none, none)
    return {
        "requests": discovery.requests,
        "lost": discovery.lost,
        "labelled": discovery.labelled,
        "since": since,
        "older": int(older.sum()),
        "newer": int(newer.sum()),
        "groups": [
            {
                "name": name_of(group),
                "requests": group.requests,
                "lost": group.lost,
                "older": int(older[place]),
                "newer": int(newer[place]),
                "sampled": len(group.sampled),
                "near_copies": group.near_copies,
                "labelled": group.labelled,
                "nearest_label": group.nearest_label,
                "label_share": group.label_share,
                "score": group.score,
                "typical": list(group.typical),
                "various": list(group.various),
            }
            for place, group in enumerate(discovery.groups)
        ],
        "scarce": [row._asdict() for row in discovery.scarce],
    }


def as_html(discovery: Discovery) -> bytes:
    """Write the page; raises ExtraMissingError if matplotlib is not installed."""
    return whole_page(TITLE, "\n".join(_body(discovery)))


def _body(discovery: Discovery) -> Iterator[str]:
    yield (
        f'<header><h1>{TITLE}</h1><p class="muted">{discovery.requests:,} requests, of which {discovery.lost:,} are '
        f"lost on the intent classifier and {discovery.labelled:,} are annotated.</p></header><main>"
    )
    yield f"<figure>{_draw_map(discovery)}<figcaption>A sample of the pool by its two leading directions. "
    yield "Dots that stand out are of the groups, those of the first in colours.</figcaption></figure>"
    yield _legend(discovery.groups)
    yield elements.table(_group_table(discovery), "h2")
    if discovery.scarce:
        yield elements.table(_scarce_table(discovery), "h2")
    for number, group in enumerate(discovery.groups, 1):
        yield f"<section><h3>{number}. {text(name_of(group))}</h3>"
        yield f'<div class="examples">{_examples("typical", group.typical)}{_examples("various", group.various)}</div>'
        yield "</section>"
    yield "</main>"


def _legend(groups: Sequence[Group]) -> str:
    """Name the coloured groups beside the map, since names on it would overlap, and be too small on a phone."""
    listed = "".join(
        f'<li><span aria-hidden="true" style="color:var(--{role})">\u25cf</span> {number}. {text(name_of(group))}</li>'
        for number, (group, role) in enumerate(zip(groups, COLOURS, strict=False), 1)
    )
    return f'<ul class="legend">{listed}</ul>'


def _examples(title: str, requests: Sequence[str]) -> str:
    listed = "".join(f'<li><span class="line"><bdi>{text(request)}</bdi></span></li>' for request in requests)
    return f"<div><h4>{title}</h4><ul>{listed}</ul></div>"


def _group_table(discovery: Discovery) -> Table:
    growth = [f"since {discovery.halves.since}"] if discovery.halves else []
    rows = tuple(
        (
            f"{number}. {name_of(group)}",
            f"{group.requests:,}",
            f"{group.lost / max(group.requests, 1):.0%}",
            f"{group.labelled:,}",
            *(growth_of(discovery, number - 1) for _ in growth),
            f"{group.nearest_label} ({group.label_share:.0%})",
        )
        for number, group in enumerate(discovery.groups, 1)
    )
    note = f"{NOTE} {GROWTH_NOTE}" if growth else NOTE
    return Table("Groups", ("group", "requests", "lost", "annotated", *growth, "nearest"), rows, note)


def _scarce_table(discovery: Discovery) -> Table:
    rows = tuple((row.label, f"{row.labelled:,}", f"{row.requests:,}") for row in discovery.scarce)
    return Table("Plenty in the pool, few annotated", ("label", "annotated", "requests"), rows, SCARCE_NOTE)


def _draw_map(discovery: Discovery) -> str:
    groups = discovery.groups
    context, figure, axes = svg.canvas(*SIZE, "map")
    with context:
        for low, high, role in (
            (-1, -1, "easy"),
            (len(groups), np.inf, "easy"),
            (len(COLOURS), len(groups) - 1, "muted"),
        ):
            _dots(axes, discovery, (discovery.group_of >= low) & (discovery.group_of <= high), role)
        for number, (_, role) in enumerate(zip(groups, COLOURS, strict=False)):
            _dots(axes, discovery, discovery.group_of == number, role, size=5)
        axes.set_axis_off()
        described = f"{len(discovery.points):,} requests of the pool; {len(groups)} groups are listed."
        return svg.embedded(figure, "map", "Map of the pool", described, {})


def _dots(axes: Any, discovery: Discovery, rows: Any, role: str, *, size: int = 3) -> None:
    colour = svg.PLACEHOLDERS[role]
    x, y = discovery.points[rows].T
    axes.plot(x, y, linestyle="none", marker="o", markersize=size, color=colour, markeredgewidth=0)
