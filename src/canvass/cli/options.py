"""Options that several commands share, each declared once, and the groups of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import terminal
from canvass.errors import OptionError
from canvass.files import STANDARD_STREAM, check_output
from canvass.types import TARGET_WORDS, Target, Utterance

if TYPE_CHECKING:
    from canvass.corpus.formats.column_names import Columns
    from canvass.corpus.labelled import Labelled
    from canvass.corpus.pool import Pool

LONG, LARGE = 90.0, 2e9  # processor seconds and bytes of training that are announced
READING = "Reading"
RUNNING = "Running"


LabelledFiles = Annotated[
    str,
    typer.Argument(
        metavar="LABELLED",
        help="Annotated requests: a file of any format (see canvass formats), a folder, a glob, or - for standard "
        "input.",
    ),
]
PoolFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="POOL...",
        help="Unlabelled requests: files (plain text with one request a line, too), folders, globs, addresses such as "
        "s3://bucket/folder, or - for standard input.",
    ),
]


def out_option(what: str, metavar: str = "FILE") -> Any:
    """Declare `--out` of a command, which says what it writes there."""
    return typer.Option("--out", "-o", metavar=metavar, help=what)


def target_option(what: str) -> Any:
    """Declare `--target` of a command, which says what it is for."""
    return typer.Option("--target", "-t", metavar="TARGET", help=what)


def strategy_option(what: str) -> Any:
    """Declare `--strategy` of a command, which says what it is for."""
    return typer.Option("--strategy", "-s", metavar="NAME", help=what)


def size_option(what: str) -> Any:
    """Declare `--size` of a command, which says how many of what N is."""
    return typer.Option("--size", "-n", metavar="N", help=what)


TargetOption = Annotated[str | None, target_option(f"Train on requests of this target: {TARGET_WORDS}.")]
StrategyOption = Annotated[
    str | None,
    strategy_option(
        "Choose by this strategy (see canvass strategies). [default: majority-joint; margin-balanced for --target all]"
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        metavar="N", help="Start the random numbers here; the same input and seed give the same bytes."
    ),
]
MaxTokensOption = Annotated[int, typer.Option(metavar="N", help="Leave out requests of more than N tokens.")]
ScorerOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Ask a model of your own about the shortlist, and rank it anew by what that says: module:function, a "
        "folder with a pipeline of spaCy, or http://host:port/path, where the texts are sent.",
    ),
]
ShortlistOption = Annotated[
    int, typer.Option(metavar="N", help="Ask --scorer about the N best by canvass's own models.")
]
VarietyOption = Annotated[
    bool,
    typer.Option(
        "--variety/--no-variety",
        help="Rank by the score alone; near copies of one another, such as one template with other names, do not take "
        "turns with the rest.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as one JSON object.", rich_help_panel=RUNNING)
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Score the pool with N threads; the result does not depend on it. [default: one for each processor]",
        rich_help_panel=RUNNING,
    ),
]


def format_option(what: str, panel: str | None = READING) -> Any:
    """Declare the format of what is read."""
    read = f"Read {what} in this format. [default: recognised by content and name]"
    return typer.Option(metavar="FORMAT", help=read, rich_help_panel=panel)


LabelledFormat = Annotated[str | None, format_option("LABELLED")]
PoolFormat = Annotated[str | None, format_option("POOL")]
WhereOption = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITION",
        help="Read only rows of POOL that meet this condition on columns of the path (date=2026-11-01/), or of "
        "Parquet, CSV, TSV or JSON Lines, such as \"date >= '2026-11-01' and language in ('de', 'fr')\".",
        rich_help_panel=READING,
    ),
]
OutFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="Write this format. [default: by the extension of the file]"),
]


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """What all commands that read requests share; raises OptionError if --columns makes no sense."""

    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=NAME,...",
            help="Read these columns under other names, as in text=utt,intent=label. The columns are text, id, count, "
            "domain, intent, slots and split; all but text may be missing. Strategies of your own model read score, "
            "intent, intent_probability and slots_probability; the page of a project shows conversation, turn and "
            "audio.",
            rich_help_panel=READING,
        ),
    ] = None
    skip_bad: Annotated[
        int,
        typer.Option(
            metavar="N", help="Skip up to N bad lines of the input, and count them.", rich_help_panel=READING
        ),
    ] = 0

    def __post_init__(self) -> None:
        _ = self.names

    @property
    def names(self) -> Columns:
        """The names of the columns; repeated options add up."""
        from canvass.corpus.formats.column_names import Columns

        return Columns.parse(",".join(self.columns)) if self.columns else Columns()


@dataclass(frozen=True, kw_only=True)
class LabelledOptions(InputOptions):
    """What all commands that read annotated requests share; raises OptionError also if there is no such format."""

    labelled_format: LabelledFormat = None
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Stop at a slot that does not begin and end with a word, and at whatever LABELLED says that is not "
            "used.",
            rich_help_panel=READING,
        ),
    ] = False
    out_of_scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Take records of this intent or domain, such as oos, for requests that belong nowhere: with --target "
            "all, models learn to tell them from the rest, and never predict the name. May be repeated.",
            rich_help_panel=READING,
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_format("--labelled-format", self.labelled_format)

    @property
    def keywords(self) -> dict[str, Any]:
        """What `read_labelled` is called with, beside names."""
        return {
            "columns": self.names,
            "strict": self.strict,
            "skip_bad": self.skip_bad,
            "format": self.labelled_format,
            "out_of_scope": tuple(self.out_of_scope or ()),
        }

    def read(self, names: Sequence[str], *, may_be_empty: bool = False, tell: bool = True) -> Labelled:
        """Read annotated files, and `tell` what of them is not used; raises as `read_labelled`."""
        from canvass.corpus.labelled import read_labelled

        with terminal.busy("reading LABELLED"):
            labelled = read_labelled(names, **self.keywords, may_be_empty=may_be_empty)
        if tell:
            terminal.warn_of_left_out(labelled)
        return labelled


@dataclass(frozen=True, kw_only=True)
class PoolOptions:
    """What of a pool is read, and how."""

    pool_format: PoolFormat = None
    where: WhereOption = None
    skip_bad_files: Annotated[
        bool,
        typer.Option(
            "--skip-bad-files",
            help="Skip files of POOL that cannot be read, and count them.",
            rich_help_panel=READING,
        ),
    ] = False

    def open(
        self,
        names: Sequence[str],
        reading: InputOptions,
        model_columns: Sequence[str] = (),
        *,
        others: bool = False,
    ) -> Pool:
        """Open a pool; raises as `Pool.open`, and OptionError if there is no such format.

        With `others`, it is read for the columns that the batch keeps, too.
        """
        from canvass.corpus.pool import Pool

        check_format("--pool-format", self.pool_format)
        pool = Pool.open(
            names,
            columns=replace(reading.names, others=others),
            skip_bad=reading.skip_bad,
            format=self.pool_format,
            where=self.where,
            skip_bad_files=self.skip_bad_files,
            model_columns=model_columns,
        )
        terminal.warn_of_passed_over(pool.passed_over)
        return pool


def target_of(words: str | None) -> Target:
    """Read --target; raises OptionError where it is missing."""
    return targets_of([] if words is None else [words])[0]


def targets_of(words: Sequence[str] | None, *, or_else: str = "") -> list[Target]:
    """Read --target, which may be repeated; raises OptionError where it is missing, and says `or_else`."""
    if not words:
        raise OptionError(f"--target is missing; write --target with {TARGET_WORDS}{or_else}")
    return [Target.parse(word) for word in words]


def known_targets(targets: Sequence[Target], labelled: Sequence[Utterance]) -> list[Target]:
    """Name the intents of `fewest:K`; raises TargetError for a list of intents of which LABELLED lacks some.

    Where it has none of a list, that is left to whoever trains.
    """
    from canvass.corpus.labelled import unknown_name

    targets = [target.resolved(labelled) for target in targets]
    intents = {utterance.intent for utterance in labelled}
    for target in targets:
        lacking = [name for name in target.intents if name not in intents]
        if 0 < len(lacking) < len(target.intents):
            raise unknown_name(labelled, "intent", lacking[0])
    return targets


def tell_cost(labelled: Sequence[Utterance], targets: Sequence[Target], iterations: int) -> None:
    """Say what training is going to take where that is `LONG` or `LARGE`: many intents or labels, many requests."""
    from canvass.models.nlu import training_cost

    costs = [training_cost(labelled, target, iterations=iterations) for target in targets]
    seconds, size = (sum(parts) for parts in zip(*costs, strict=True))
    if seconds < LONG and size < LARGE:
        return
    labels = {slot.label for utterance in labelled for slot in utterance.slots or ()}
    intents = {utterance.intent for utterance in labelled} - {None}
    terminal.say(
        f"training takes about {seconds:.0f} processor seconds, and {size / 1e9:.1f} GB for the models of intents: "
        f"LABELLED has {len(labelled):,} requests, {len(intents):,} intents and {len(labels):,} slot labels, and time "
        "grows with their product; name some intents (--target intent:A,B,C), or give fewer requests"
    )


def check_format(option: str, name: str | None) -> None:
    """Refuse a format that does not exist, in the words of its option."""
    from canvass.corpus.formats.format import NAMES

    if name is not None and name.partition(":")[0] not in NAMES:
        raise OptionError(f"{option} {name!r} is not a known format; choose one of {', '.join(NAMES)}")


def check_at_least_one(option: str, number: int) -> None:
    """Refuse a number below 1, in the words of its option."""
    if number < 1:
        raise OptionError(f"{option} {number} makes no sense; it must be at least 1")


def check_table(out: str) -> None:
    """Refuse an output whose extension tells no format that can be written."""
    from canvass.selection.batch_file import check_writable

    try:
        check_writable(out)
    except OptionError as error:
        raise OptionError(
            f"--out {out}: its extension tells no format that can be written; end the name in .jsonl, .csv, "
            ".tsv or .parquet (each also with .gz or .zst)"
        ) from error


def write_table(out: str, records: Iterable[dict[str, Any]]) -> None:
    """Write records to a file, or to standard output; on a terminal line by line, so that no text acts on it."""
    from canvass.corpus.formats import output_format_of

    if writes_to_terminal(out):
        for record in records:
            terminal.print_json(record)
        return
    write = output_format_of(out).write
    assert write is not None, "the command checked it"
    write(out, records)


def writes_to_terminal(out: str) -> bool:
    """Whether the result itself runs over a terminal."""
    return out == STANDARD_STREAM and terminal.interactive()


def check_inputs(out: str | None, labelled: str, labelled_format: str | None, others: Sequence[str]) -> None:
    """Refuse an output that is one of the inputs, and standard input that is to be read twice."""
    from canvass.corpus.formats import files_of

    if labelled == STANDARD_STREAM and STANDARD_STREAM in others:
        raise OptionError(
            "LABELLED and POOL are both standard input (-), which can be read once; name a file for one"
        )
    files = files_of([labelled], labelled_format, annotated=True)
    if out is not None:
        check_output(out, [*files, *others])
