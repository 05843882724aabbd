"""`canvass strategies`: the table."""

from __future__ import annotations

import json
import sys

from canvass.cli import options, terminal


def command(*, as_json: options.JsonOption = False) -> None:
    """List the strategies: filter, score (the smallest is annotated first), and where each is from."""
    from canvass.strategies import DEFAULT, STRATEGIES

    rows = [
        {
            "strategy": one.name,
            "filter": one.filter,
            "score": one.formula,
            "models": sorted(one.models),
            "from": one.source,
            "default": one.name == DEFAULT,
        }
        for one in STRATEGIES.values()
    ]
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    columns = ("strategy", "filter", "score", "from")
    if not terminal.interactive():
        for row in rows:
            sys.stdout.write("\t".join(str(row[name]) for name in columns) + "\n")
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(row[name]) for name in columns), style="bold" if row["default"] else "")
    terminal.console().print(table)
