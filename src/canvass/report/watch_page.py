"""The page of `canvass watch`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canvass.report import elements
from canvass.report.elements import text
from canvass.report.page import whole_page
from canvass.report.tables import Table

NOTE = "Shares of requests; p is corrected for the number of categories."


def as_html(result: Mapping[str, Any]) -> bytes:
    """Write the result of a call, as `canvass watch --json` prints it."""
    title = "The traffic has changed" if result["changed"] else "The traffic is as before"
    state = f"{result['new_files']:,} new files, {result['requests']:,} new requests ({result['state']})."
    parts = [f'<header><h1>{title}</h1><p class="muted">{text(state)}</p></header><main>']
    if result["changes"]:
        rows = tuple(
            (
                f"{change['kind']} {change['name'] or '(lost)'}",
                f"{change['before']:.2%}",
                f"{change['now']:.2%}",
                f"{change['p']:.1g}",
                " / ".join(change["examples"]),
            )
            for change in result["changes"]
        )
        parts.append(
            elements.table(Table("Changes", ("what", "before", "now", "p", "such as"), rows, NOTE), "h2")
        )
    return whole_page(title, "\n".join([*parts, "</main>"]))
