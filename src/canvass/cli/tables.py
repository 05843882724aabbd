"""`canvass formats` and `canvass strategies`: the tables."""

from __future__ import annotations

from canvass.cli import options, terminal

LEGEND = """
y_lg, y_hg, y_sq: raw scores of the logistic, hinge and squared member (y_m: each of them)
p_lg: probability of the target; p_intent, p_crf: of the likeliest intent and slots;
p_joint: of all three; q_intent, q_slots: of your own model; T: tokens"""


def strategies(*, as_json: options.JsonOption = False) -> None:
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
    cells = [[str(row[name]) for name in columns] for row in rows]
    # At 80 columns the last one wraps, and no formula is torn.
    terminal.show_rows(columns, cells, whole=columns[:-1], bold=DEFAULT)
    if terminal.interactive():
        from rich.text import Text

        terminal.console().print(Text(LEGEND, style="dim"))


def formats(*, as_json: options.JsonOption = False) -> None:
    """List the file formats: how each is recognised, whether it can be written, what it keeps, and what it loses."""
    from canvass.corpus.formats import FORMATS

    rows = [
        {
            "format": entry.name,
            "extensions": list(entry.extensions),
            "folders": entry.reads_folders,
            "annotations": entry.read is not None,
            "pool": True,
            "writes": entry.write_annotated is not None,
            "recognised_by": entry.sniffed or "the extension",
            "carries": list(entry.carries),
            "loses": entry.loses or "nothing",
        }
        for entry in FORMATS
    ]
    if as_json:
        terminal.print_json(rows)
        return
    lines = [
        (
            str(row["format"]),
            " ".join((*entry.extensions, *["folder"] * entry.reads_folders)),
            "read and write" if row["writes"] else "read",
            str(row["recognised_by"]),
            ", ".join(name for name in entry.carries if name != "text") or "the text alone",
            str(row["loses"]),
        )
        for row, entry in zip(rows, FORMATS, strict=True)
    ]
    headings = ("format", "extensions", "canvass can", "recognised by", "keeps", "loses")
    terminal.show_rows(headings, lines, whole={"format"})
