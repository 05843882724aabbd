"""Options that several commands share, each declared once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import terminal
from canvass.errors import OptionError
from canvass.types import Target

if TYPE_CHECKING:
    from canvass.corpus.formats.records import Fields
    from canvass.corpus.labelled import Labelled

COLUMNS = "Columns"

LabelledFiles = Annotated[
    str,
    typer.Argument(
        metavar="LABELLED",
        help="Annotated requests: a file (JSONL, CSV, TSV, Parquet), a folder, a glob, or - for standard input.",
        show_default=False,
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option("--target", metavar="T", help="What to spend the budget on: domain:NAME, intent:NAME or all."),
]
DomainOption = Annotated[str | None, typer.Option("--domain", metavar="NAME", help="Short for --target domain:NAME.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of every random choice; same input and seed, same bytes.")]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse records whose slots are off the token borders, instead of leaving them out.")
]
SkipBadOption = Annotated[
    int, typer.Option("--skip-bad", metavar="N", help="Tolerate up to N bad lines, and count them.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]

TextField = Annotated[str, typer.Option("--text-field", help="Column of the text.", rich_help_panel=COLUMNS)]
IdField = Annotated[str, typer.Option("--id-field", help="Column of the id.", rich_help_panel=COLUMNS)]
CountField = Annotated[
    str, typer.Option("--count-field", help="Column of how often it was seen.", rich_help_panel=COLUMNS)
]
DomainField = Annotated[str, typer.Option("--domain-field", help="Column of the domain.", rich_help_panel=COLUMNS)]
IntentField = Annotated[str, typer.Option("--intent-field", help="Column of the intent.", rich_help_panel=COLUMNS)]
SlotsField = Annotated[str, typer.Option("--slots-field", help="Column of the slots.", rich_help_panel=COLUMNS)]
LabelledFormat = Annotated[
    str | None,
    typer.Option("--labelled-format", metavar="F", help="Format of LABELLED, where the name does not tell."),
]


def target_of(target: str | None, domain: str | None) -> Target:
    """Read the target from --target or --domain; exactly one must be given."""
    if (target is None) == (domain is None):
        raise OptionError("say what the budget is for, once: --target domain:NAME, intent:NAME or all (or --domain NAME)")
    return Target.parse(f"domain:{domain}" if target is None else target)


def fields_of(text: str, identity: str, count: str, domain: str, intent: str, slots: str) -> Fields:
    """Collect the column names."""
    from canvass.corpus.formats.records import Fields

    return Fields(text=text, id=identity, count=count, domain=domain, intent=intent, slots=slots)


def report_left_out(known: Labelled) -> None:
    """Tell which labelled records were not used."""
    if known.left_out:
        terminal.say(f"{known.left_out} labelled records are left out; the first: {known.first_left_out}")
    if known.bad_lines:
        terminal.say(f"{known.bad_lines} bad lines of LABELLED were skipped")
