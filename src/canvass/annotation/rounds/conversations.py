"""The turns before and after requests in their conversations, from one pass over the pool once a queue is chosen.

All rows of the files count, also those that `where` keeps from being chosen: what the assistant said is context. Turns
are ordered by their numbers; what has the number of the request itself comes after it, as a reply does.
"""

from __future__ import annotations

import json
import math
import re
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from canvass.annotation.project.settings import ColumnsSettings
from canvass.annotation.store.records import NewTask, Turns
from canvass.corpus.formats.column_names import listed
from canvass.corpus.formats.columns import OTHERS
from canvass.corpus.normalise import key_of
from canvass.corpus.pool import Pool
from canvass.errors import shown

BEFORE, AFTER = 4, 2  # turns that are kept of each request
LONGEST = 300  # characters of a turn that are kept
CONTEXT = ("conversation", "turn", "audio")  # columns of the pool that a task may have, and need not


@dataclass
class _Window:
    """The nearest turns of one request: (number, place in the pool, text), in order."""

    key: str
    number: float
    before: list[tuple[float, int, str]] = field(default_factory=list)
    after: list[tuple[float, int, str]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, number: float, place: int, text: str) -> None:
        if number == self.number and key_of(text) == self.key:
            return
        is_before = number < self.number
        kept, most = (self.before, BEFORE) if is_before else (self.after, AFTER)
        insort(kept, (number, place, _cut(text)))
        if len(kept) > most:
            del kept[0 if is_before else -1]
            self.dropped[not is_before] += 1

    def turns(self) -> Turns:
        before, after = ([text for _, _, text in kept] for kept in (self.before, self.after))
        return Turns(tuple(before), tuple(after), *self.dropped)


def find_turns(
    tasks: Sequence[NewTask],
    columns: ColumnsSettings,
    open_pool: Callable[[], Pool],
    known: Mapping[str, Turns],
    progress: Callable[[int, int], None] = lambda _rows, _consumed: None,
) -> tuple[dict[str, Turns], list[str]]:
    """Find the turns around the requests of tasks, by key, `known` for some; and say what was not as it should be.

    The pool is read once, and only where another has a conversation. Memory is that of the tasks: `BEFORE` and `AFTER`
    turns of each, of at most `LONGEST` characters. `progress` is called after each block, with zeros, and may raise to
    end the work.

    Raises FileError or OptionError if the pool cannot be read; bad lines are no turns.
    """
    notes = _missing_columns(tasks, columns)
    turns = {task.key: known[task.key] for task in tasks if task.key in known}
    windows: dict[str, list[_Window]] = defaultdict(list)
    bad: list[object] = []  # the first number that is none
    for task in tasks:
        conversation = task.others.get(columns.conversation)
        if task.key not in turns and conversation is not None and columns.turn in task.others:
            number = number_of(task.others[columns.turn])
            if number is None:
                bad = bad or [task.others[columns.turn]]
            else:
                windows[str(conversation)].append(_Window(task.key, number))
    place = 0
    for block in open_pool().blocks() if windows else ():
        for text, record in _rows_of(block.batch, windows, columns.conversation):
            number = number_of(record.get(columns.turn))
            if number is None:
                bad = bad or [record.get(columns.turn)]
                continue
            place += 1
            for window in windows[str(record[columns.conversation])]:
                window.add(number, place, text)
        progress(0, 0)
    if bad:
        notes.append(
            f"the column {columns.turn!r} of the pool holds {shown(bad[0])}, which is no number, and such turns are "
            "not shown beside requests; number the turns, or name their column in [columns] of canvass.toml"
        )
    turns |= {window.key: window.turns() for some in windows.values() for window in some}
    return turns, notes


def number_of(value: object) -> float | None:
    """Read the number of a turn, of a number or of digits; None for anything else.

    >>> number_of(3), number_of("2.5"), number_of("second"), number_of(None), number_of(True), number_of("nan")
    (3.0, 2.5, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _missing_columns(tasks: Sequence[NewTask], columns: ColumnsSettings) -> list[str]:
    """Say which columns that the settings name no request has, and whether conversations lack turns."""
    held = {name for task in tasks for name in task.others}
    named = {role: getattr(columns, role) for role in CONTEXT}
    notes = [
        f"no request of the queue has the column {name!r}, which [columns] of canvass.toml names for {role} (there is: "
        f"{listed(sorted(held))}); mend the name"
        for role, name in named.items()
        if tasks and name != role and name not in held
    ]
    if columns.conversation in held and columns.turn not in held and columns.turn == "turn":
        notes.append(
            f"the pool has conversations (column {columns.conversation!r}) but no column {columns.turn!r}, and no "
            "turns are shown beside requests; name the column of their numbers as turn in [columns] of canvass.toml"
        )
    return notes


def _rows_of(
    batch: pa.RecordBatch, conversations: Collection[str], column: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the text and the other columns of rows that belong to any of some conversations."""
    if OTHERS not in batch.schema.names:
        return
    others = batch.column(OTHERS)
    if others.type.num_fields:  # structs
        if others.type.get_field_index(column) < 0:
            return
        values = others.field(column).to_pylist()
        places = [place for place, value in enumerate(values) if str(value) in conversations]
        batch = batch.take(pa.array(places, pa.int64()))
    else:  # lines of JSON: few are worth parsing
        batch = batch.filter(pc.match_substring_regex(others, _sieve(conversations, column)))
    for text, value in zip(batch.column("text").to_pylist(), batch.column(OTHERS).to_pylist(), strict=True):
        record = json.loads(value.decode("utf-8", "replace")) if isinstance(value, bytes) else value
        if record.get(column) is not None and str(record[column]) in conversations:
            yield text, record


def _sieve(conversations: Collection[str], column: str) -> str:
    r"""Write a pattern of RE2 that every line of JSON has which belongs to one of some conversations, and few others.

    What is escaped in JSON may be anything, so lines with a backslash pass.
    """
    names = "|".join(map(_escaped, conversations))
    return rf'\\|"{_escaped(column)}"\s*:\s*"?(?:{names})["\s,}}]'


def _escaped(words: str) -> str:
    return re.escape(json.dumps(words, ensure_ascii=False)[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
