"""What people see on a terminal: progress, warnings, small tables; piped, only plain sentences."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from canvass.errors import plural
from canvass.report.formatting import visible

if TYPE_CHECKING:
    from rich.console import Console

    from canvass.corpus.formats.losses import BadLines, Losses
    from canvass.corpus.labelled import Labelled
    from canvass.report.braille import Line

WARNING = "bold #c65500"
AXIS = 8  # characters left of a plot


def interactive() -> bool:
    """Whether the result goes to a person's terminal."""
    return sys.stdout.isatty()


def console(*, error: bool = False) -> Console:
    """Make a console; on standard error for what is not the result."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, emoji=False, markup=False, soft_wrap=False)


def harmless(text: str) -> str:
    """Keep a text on its line, and its offsets: controls would move the cursor or turn the direction."""
    return visible(text, blanks="\t")


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
    warn(f"{title}, {plural(loss['count'], 'time')}: {loss['what']}; first: {loss['first']}")


def warn_of_passed_over(files: Sequence[str]) -> None:
    """Tell which files of folders and archives are not read."""
    if files:
        warn(f"passed over, {plural(len(files), 'file')} that no format claims; first: {files[0]}")


def warn_of_bad(bad: BadLines, line: str = "line", where: str = "") -> None:
    """Tell how many lines were bad and skipped, and the first."""
    if bad.count:
        bad_lines = plural(bad.count, f"bad {line}{where} was", f"bad {line}s{where} were")
        warn(f"{bad_lines} skipped; the first: {bad.first}")


def warn_of_findings(labelled: Labelled, *, names_alone: bool = False) -> None:
    """Tell in short what contradicts itself in a labelled set; canvass check lists it.

    Names are looked at in no time; texts take a tenth of a second for 6,000 records.
    """
    from canvass.corpus.checking import contradictions, names_that_nearly_agree

    for findings in (
        [] if names_alone else contradictions(labelled),
        names_that_nearly_agree(labelled.utterances),
    ):
        if findings:
            more = f" (and {len(findings) - 1:,} more like this)" if len(findings) > 1 else ""
            warn(f"{findings[0].words}{more}; canvass check LABELLED lists what is probably wrong")


def warn_of_left_out(labelled: Labelled) -> None:
    """Tell which labelled records were not used."""
    left_out, unlabelled, bad = labelled.left_out, labelled.unlabelled, labelled.bad_lines
    if left_out.count:
        records = plural(left_out.count, "labelled record is", "labelled records are")
        warn(f"{records} left out; the first: {left_out.first}")
    if unlabelled.count:
        read = unlabelled.count + len(labelled.utterances)
        have, count, negatives = (
            ("has", "counts", "a negative") if unlabelled.count == 1 else ("have", "count", "negatives")
        )
        warn(
            f"{unlabelled.count:,} of {read:,} records {have} no domain, intent or slots and {count} as unlabelled, "
            f"not as {negatives}; the first: {unlabelled.first}"
        )
    if bad.count:
        warn(f"{plural(bad.count, 'bad line of LABELLED was', 'bad lines of LABELLED were')} skipped")
    warn_of_unused(labelled)


def warn_of_unused(labelled: Labelled) -> None:
    """Tell what labelled records say that is not used."""
    for what, loss in labelled.lost:
        warn_of_loss({"what": what, "count": loss.count, "first": loss.first}, "not used of LABELLED")


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


def show(*parts: str | tuple[str, str], cut: bool = False) -> None:
    """Show a line of parts, each a text, or a text and its style; one that is `cut` is not wrapped."""
    from rich.text import Text

    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    line = Text.assemble(*((harmless(words), style) for words, style in pairs))
    console().print(line, no_wrap=cut or None)


def show_plot(
    lines: Sequence[Line],
    width: int,
    height: int,
    colours: Sequence[str],
    names: Mapping[int, tuple[str, str]] | None = None,
) -> None:
    """Plot lines in dots of braille, each in its colour; `names` stand at the end of rows, and have a style each."""
    from canvass.report.braille import plot

    for row, (axis, cells) in enumerate(plot(lines, width, height)):
        dots = ((dot, "" if line is None else colours[line % len(colours)]) for dot, line in cells)
        show(
            (f"{axis:>{AXIS - 1}} ", "dim"),
            *dots,
            *([names[row]] if names and row in names else []),
            cut=True,
        )


def show_written(path: str) -> None:
    """Name the file that was written; nothing where nobody looks."""
    if interactive():
        show("Wrote ", (path, "bold"), ".")


def show_rows(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[str] = (),
    whole: Collection[str] = (),
    bold: str | None = None,
) -> None:
    """Show rows of cells in a table; with tabs, and without the headings, where nobody looks.

    Columns of `right` are aligned there, and those of `whole` not wrapped; the row that begins with `bold` stands out.
    """
    if not interactive():
        for row in rows:
            sys.stdout.write("\t".join(map(harmless, row)) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for name in headings:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in whole)
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row), style="bold" if row[0] == bold else "")
    console().print(table)


def show_made(facts: Mapping[str, Any], path: str) -> None:
    """Show what was made, and name its file; nothing where nobody looks."""
    if interactive():
        show_facts([(name.replace("_", " "), value) for name, value in facts.items()])
        show()
        show_written(path)


def show_facts(facts: Sequence[tuple[str, Any]]) -> None:
    """Show a small table of names and figures."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column(justify="right")
    for name, value in facts:
        table.add_row(Text(name), Text(f"{value:,}" if isinstance(value, int) else harmless(str(value))))
    console().print(table)
