"""What people see on a terminal: progress, warnings, small tables; piped, only plain sentences."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from canvass.corpus.formats.losses import Losses

WARNING = "bold #c65500"
JOINERS = "\u200c\u200d"  # within words of Persian and Hindi, within emoji; they move nothing
REPLACEMENT = "\ufffd"


def interactive() -> bool:
    """Whether the result goes to a person's terminal."""
    return sys.stdout.isatty()


def console(*, error: bool = False) -> Console:
    """Make a console; on standard error for what is not the result."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, emoji=False, markup=False, soft_wrap=False)


def harmless(text: str) -> str:
    """Keep a text on its line, and its offsets: controls would move the cursor or turn the direction."""
    return "".join(map(_harmless, text))


def _harmless(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return " " if character == "\t" or unicodedata.category(character) == "Zs" else REPLACEMENT


def say(message: str, *, label: str = "") -> None:
    """Tell a person something beside the result: a line on standard error, wrapped at words on a terminal."""
    message = harmless(message)
    if not sys.stderr.isatty():
        sys.stderr.write(f"canvass: {label}{message}\n")
        return
    from rich.text import Text

    console(error=True).print(Text.assemble("canvass: ", (label, WARNING), message))


def warn(message: str) -> None:
    """Warn of something that a person should know before trusting the result."""
    say(message, label="warning: ")


def warn_of_losses(losses: Losses) -> None:
    """Tell what a format could not carry: each kind, how often, and the first."""
    for loss in losses.account():
        warn_of_loss(loss)


def warn_of_loss(loss: Mapping[str, Any], title: str = "lost") -> None:
    """Tell one kind of loss: an item of `Losses.account`."""
    times = "time" if loss["count"] == 1 else "times"
    warn(f"{title}, {loss['count']:,} {times}: {loss['what']}; first: {loss['first']}")


def warn_of_passed_over(files: Sequence[str]) -> None:
    """Tell which files of folders and archives are not read."""
    if files:
        number = f"{len(files):,} file{'s' if len(files) > 1 else ''}"
        warn(f"passed over, {number} that no format claims; first: {files[0]}")


def print_json(value: Mapping[str, Any] | Sequence[Any], *, error: bool = False) -> None:
    """Print one line of JSON; on a terminal in ASCII, so that no text acts on it."""
    stream = sys.stderr if error else sys.stdout
    stream.write(json.dumps(value, ensure_ascii=stream.isatty()) + "\n")


@contextmanager
def busy(title: str) -> Iterator[None]:
    """Show on a terminal that something of unknown length is going on."""
    if not sys.stderr.isatty():
        yield
        return
    with console(error=True).status(title):
        yield


@contextmanager
def progress(title: str, total: int | None, unit: str = "requests") -> Iterator[Callable[[int, int], None]]:
    """Show rate and time left on a terminal while steps of (units, share of `total`) come in."""
    if not sys.stderr.isatty():
        yield lambda _units, _share: None
        return
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(bar_width=None)]
    columns.append(TextColumn("{task.fields[rate]}"))
    if total is not None:
        columns.append(TimeRemainingColumn(compact=True))
        columns.append(TextColumn("left"))
    start = time.monotonic()
    done = 0
    with Progress(*columns, console=console(error=True), transient=True, expand=True) as bar:
        task = bar.add_task(title, total=total, rate="")

        def advance(units: int, share: int) -> None:
            nonlocal done
            done += units
            rate = done / max(time.monotonic() - start, 1e-9)
            shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"  # noqa: PLR2004 - two digits say enough
            bar.update(task, advance=share, rate=f"{done:,} {unit}, {shown} a second")

        yield advance


def show_written(path: str) -> None:
    """Name the file that was written; nothing where nobody looks."""
    if interactive():
        from rich.text import Text

        console().print(Text.assemble("Wrote ", (harmless(path), "bold"), "."))


def show_facts(out: Console, facts: Sequence[tuple[str, Any]]) -> None:
    """Show a small table of names and figures."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column(justify="right")
    for name, value in facts:
        table.add_row(Text(name), Text(f"{value:,}" if isinstance(value, int) else harmless(str(value))))
    out.print(table)
