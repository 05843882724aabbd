"""`canvass corpus`: the public corpora, which they are, and one of them downloaded and converted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.help import INTERRUPTED, Command, Group
from canvass.errors import plural

if TYPE_CHECKING:
    from canvass.corpus.catalogue import File

DOWNLOADING = "Downloading"
# Of a corpus, beside its name and files.
TOLD = ("title", "licence", "licence_address", "homepage", "citation", "locales", "splits", "note")

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="List the public corpora, or download and convert one."
)


@app.command("list", cls=Command)
def show(*, as_json: options.JsonOption = False) -> None:
    """List the public corpora that canvass can download, each with its licence."""
    from canvass.corpus.catalogue import CORPORA

    if as_json:
        terminal.print_json(
            [
                {
                    "corpus": corpus.name,
                    **{name: getattr(corpus, name) for name in TOLD},
                    "files": [{"address": file.address, "sha256": file.sha256} for file in corpus.files()],
                }
                for corpus in CORPORA
            ]
        )
        return
    rows = [
        (corpus.name, corpus.licence, _few(corpus.locales), " ".join(corpus.splits) or "none", corpus.title)
        for corpus in CORPORA
    ]
    headings = ("corpus", "licence", "locales", "splits", "what it is")
    terminal.show_rows(headings, rows, whole={"corpus", "licence"})


@app.command("get", cls=Command)
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of canvass corpus list.")],
    *,
    locale: Annotated[
        str | None,
        typer.Option(metavar="L", help="Take this language of a corpus that has several, such as de-DE."),
    ] = None,
    out: Annotated[
        str | None, options.out_option("Make this folder. [default: NAME, or NAME-L]", metavar="DIR")
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Keep the published files there for the next time. [default: the cache of this machine]",
            rich_help_panel=DOWNLOADING,
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="CANVASS_CORPUS_MIRROR",
            help="Download from a copy of such a cache instead: URL/NAME/FILE. Also in CANVASS_CORPUS_MIRROR.",
            rich_help_panel=DOWNLOADING,
        ),
    ] = None,
    sha256: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HEX",
            help="Accept a file with this SHA-256, too. May be repeated.",
            rich_help_panel=DOWNLOADING,
        ),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Download a public corpus and convert it: DIR/train.jsonl, dev.jsonl and test.jsonl, as far as it has them.

    Each file is checked. The licence is shown first, and kept beside the corpus.
    """
    from canvass.corpus import public
    from canvass.corpus.catalogue import corpus_named, locale_of

    corpus = corpus_named(name)
    language = locale_of(corpus, locale)
    accepted = public.checksums(sha256 or [])
    several = len(corpus.locales) > 1
    folder = Path(out or (f"{corpus.name}-{language}" if several else corpus.name))
    public.check_folder(folder)
    terminal.say(f"{corpus.title}; {corpus.homepage}")
    terminal.say(f"{corpus.licence}, {corpus.licence_address}; to cite: {corpus.citation}", label="licence: ")
    if corpus.note:
        terminal.say(corpus.note, label="note: ")
    try:
        with _progress() as progress:
            files = public.fetch(
                corpus,
                Path(cache) if cache else public.cache_folder(),
                mirror=mirror or None,
                accepted=accepted,
                progress=progress,
            )
    except KeyboardInterrupt:
        terminal.say(
            "interrupted; files that are whole are kept, and the same command goes on with the others"
        )
        raise typer.Exit(INTERRUPTED) from None
    for file, (_, digest) in files.items():
        if digest != file.sha256:
            terminal.warn(f"{file.name} has the SHA-256 {digest} of --sha256, not the one of the catalogue")
    with terminal.busy("converting"):
        made = public.convert(corpus, language, files, folder)
    if made.bad.count:
        records = plural(made.bad.count, "bad record is", "bad records are")
        terminal.warn(f"{records} left out; the first: {made.bad.first}")
    terminal.warn_of_losses(made.losses)
    if as_json:
        terminal.print_json(public.summary(corpus, language, files, made))
        return
    if terminal.interactive():
        terminal.show_facts(
            [(f"{split}.jsonl", f"{count:,} utterances") for split, count in made.utterances.items()],
        )
    terminal.show_written(f"{folder}/")


def _few(names: tuple[str, ...]) -> str:
    return " ".join(names) if len(names) < 10 else f"{len(names)}, such as {names[8]}"  # noqa: PLR2004 - a line


@contextmanager
def _progress() -> Iterator[Callable[[File, int, int | None], None]]:
    """Show on a terminal how much of each file has come, how fast, and how long it will take."""
    if not sys.stderr.isatty():
        yield lambda _file, _received, _total: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    tasks = {}
    with Progress(*columns, console=terminal.console(error=True), transient=True) as bar:

        def show_bytes(file: File, received: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(terminal.harmless(file.name))
            bar.update(tasks[file], completed=received, total=total)

        yield show_bytes
