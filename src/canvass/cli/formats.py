"""`canvass formats`: the table."""

from __future__ import annotations

import sys

from canvass.cli import options, terminal


def command(*, as_json: options.JsonOption = False) -> None:
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
    if not terminal.interactive():
        sys.stdout.write("".join("\t".join(line) + "\n" for line in lines))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for name in ("format", "extensions", "canvass can", "recognised by", "keeps", "loses"):
        table.add_column(name, no_wrap=name == "format")
    for line in lines:
        table.add_row(*map(Text, line))
    terminal.console().print(table)
