"""The file formats: `canvass convert`, from one to another, and `canvass formats`, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from canvass.corpus.conversion import Converted


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="Requests: a file of any format (see canvass formats), a folder, a glob, or - for standard input.",
        ),
    ],
    out: Annotated[str, typer.Argument(metavar="OUT", help="Write to this file, or - for standard output.")],
    *,
    in_format: Annotated[str | None, options.format_option("IN", panel=None)] = None,
    out_format: options.OutFormat = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Stop before anything is lost, and write nothing."),
    ] = False,
    reading: options.InputOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Convert annotated requests from one file format to another, and say what could not be carried.

    What is lost is told by kind, with its number and its first example.
    """
    from canvass.corpus import conversion

    options.check_format("--in-format", in_format)
    options.check_format("--out-format", out_format)
    with terminal.busy("converting"):
        done = conversion.convert(
            [source],
            out,
            source=in_format,
            target=out_format,
            columns=reading.names,
            strict=strict,
            skip_bad=reading.skip_bad,
        )
    _tell(done, out, as_json=as_json)


def _tell(done: Converted, out: str, *, as_json: bool) -> None:
    """Say what was skipped and lost, and where the result is."""
    terminal.warn_of_bad(done.bad, "record")
    if as_json:
        facts = {
            "from": list(done.sources),
            "to": done.target,
            "utterances": done.utterances,
            "skipped": done.bad.count,
            "lost": done.losses.account(),
            "no_annotation": sorted(done.losses.no_annotation),
            "passed_over": done.losses.passed_over,
        }
        # The result itself may be on standard output.
        terminal.print_json(facts, error=out == STANDARD_STREAM)
        return
    terminal.warn_of_losses(done.losses)
    terminal.warn_of_passed_over(done.losses.passed_over)
    if out != STANDARD_STREAM:
        terminal.show_written(out)


def formats(*, as_json: options.JsonOption = False) -> None:
    """List the file formats: how each is recognised, whether it can be written, what it keeps, and what it loses."""
    from canvass.corpus.formats import FORMATS

    rows: list[dict[str, Any]] = [
        {
            "format": entry.name,
            "extensions": entry.extensions,
            "folders": entry.reads_folders,
            "annotations": entry.read is not None,
            "pool": True,
            "writes": entry.write_annotated is not None,
            "recognised_by": entry.sniffed or "the extension",
            "carries": entry.carries,
            "loses": entry.loses or "nothing",
        }
        for entry in FORMATS
    ]
    if as_json:
        terminal.print_json(rows)
        return
    lines = [
        (
            row["format"],
            " ".join((*row["extensions"], *["folder"] * row["folders"])),
            "read and write" if row["writes"] else "read",
            row["recognised_by"],
            ", ".join(name for name in row["carries"] if name != "text") or "the text alone",
            row["loses"],
        )
        for row in rows
    ]
    headings = ("format", "extensions", "canvass can", "recognised by", "keeps", "loses")
    terminal.show_rows(headings, lines, whole={"format"})
