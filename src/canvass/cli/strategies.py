"""`canvass strategies`: the table."""

from __future__ import annotations

import sys

from canvass.cli import options, terminal

LEGEND = """
y_lg, y_hg, y_sq: raw scores of the logistic, hinge and squared member (y_m: each of them)
p_lg: probability of the target; p_intent, p_crf: of the likeliest intent and slots;
p_joint: of all three; q_intent, q_slots: of your own model; T: tokens"""


def command(*, as_json: options.JsonOption = False) -> None:
    """List the strategies: filter, score (the smallest is annotated first), and where each is from."""
    from canvass.strategies import DEFAULT, STRATEGIES

    rows = [
        {
            "strategy": strategy.name,
            "filter": strategy.filter,
            "score": strategy.formula,
            "models": sorted(strategy.models),
            "from": strategy.source,
            "default": strategy.name == DEFAULT,
        }
        for strategy in STRATEGIES.values()
    ]
    if as_json:
        terminal.print_json(rows)
        return
    columns = ("strategy", "filter", "score", "from")
    if not terminal.interactive():
        for row in rows:
            sys.stdout.write("\t".join(str(row[name]) for name in columns) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for name in columns:
        # At 80 columns the last one wraps, and no formula is torn.
        table.add_column(name, no_wrap=name != "from")
    for row in rows:
        table.add_row(*(Text(str(row[name])) for name in columns), style="bold" if row["default"] else "")
    console = terminal.console()
    console.print(table)
    console.print(Text(LEGEND, style="dim"))
