"""Cells that a spreadsheet would take for formulas: marked on the way out, and unmarked on the way in.

A request is what anybody typed, and `=HYPERLINK("https://...")` in a cell of CSV runs in the spreadsheet of whoever
opens it (OWASP, "CSV Injection"). An apostrophe before it makes it text; the offsets of slots move with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from canvass.files import split_name

MARK = "'"
# Full-width forms as well: East Asian spreadsheets read them.
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - these are meant
SPREADSHEETS = (".csv", ".tsv")
TEXT = "text"


def is_for_spreadsheets(path: str) -> bool:
    """Whether a file is one that spreadsheets open by a click.

    >>> is_for_spreadsheets("answers.CSV.gz"), is_for_spreadsheets("answers.jsonl")
    (True, False)
    """
    return split_name(path)[0] in SPREADSHEETS


def guarded(record: Mapping[str, Any], slots: Iterable[str] = ("slots",)) -> dict[str, Any]:
    """Mark every text of a flat record that a spreadsheet would run; `slots` are lists of offsets into its `text`.

    >>> guarded({"text": "=1+1 please", "slots": [{"start": 0, "end": 4, "label": "sum"}]})
    {'text': "'=1+1 please", 'slots': [{'start': 1, 'end': 5, 'label': 'sum'}]}
    """
    marked = {name: _marked(value) for name, value in record.items()}
    if marked.get(TEXT) != record.get(TEXT):
        for name in slots:
            if marked.get(name):
                marked[name] = [
                    {**slot, "start": slot["start"] + 1, "end": slot["end"] + 1} for slot in marked[name]
                ]
    return marked


def unguarded(text: str) -> str | None:
    """Take the mark away; None where a text has none.

    >>> unguarded("'=1+1"), unguarded("'tis so")
    ('=1+1', None)
    """
    rest = text.removeprefix(MARK)
    return rest if rest != text and rest.startswith(BEGINNINGS) else None


def _marked(value: Any) -> Any:
    return f"{MARK}{value}" if isinstance(value, str) and value.startswith(BEGINNINGS) else value
