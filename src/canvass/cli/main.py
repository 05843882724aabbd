"""The entry of the command line: the sub-commands, each a function of a module."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import typer

from canvass import __version__
from canvass.cli import (
    annotate,
    check,
    convert,
    corpus,
    demo,
    discover,
    exchange,
    label_studio,
    labels,
    new,
    report,
    select,
    simulate,
    status,
    terminal,
    train,
    watch,
    words,
)
from canvass.cli import compile as compile_
from canvass.cli.help import Command, Group, flattened, sentences

if TYPE_CHECKING:
    from types import FrameType

GARBAGE = 200_000  # objects more than before, until a look for garbage
# Within these, what a signal raises may be caught or replaced, or leave an object half-made that complains at its end.
UNSAFE = ("<frozen importlib", "/llvmlite/")
SOON = 0.02  # seconds

app = typer.Typer(
    name="canvass",
    cls=Group,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help and usage errors in plain text
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: dict[str, Callable[..., None]] = {
    "check": check.command,
    "select": select.select,
    "discover": discover.command,
    "watch": watch.command,
    "train": train.train,
    "predict": train.predict,
    "estimate": status.estimate,
    "evaluate": train.evaluate,
    "new": new.command,
    "annotate": annotate.command,
    "next": exchange.next_,
    "import": exchange.import_,
    "status": status.status,
    "judge": status.judge,
    "labels": labels.command,
    "export": exchange.export,
    "backup": exchange.backup,
    "convert": convert.convert,
    "formats": convert.formats,
    "simulate": simulate.command,
    "report": report.report,
    "curve": report.curve,
    "words": words.command,
    "demo": demo.command,
    "compile": compile_.command,
    "strategies": select.strategies,
}
for name, command in COMMANDS.items():
    app.command(name, cls=Command)(flattened(command))
app.add_typer(corpus.app, name="corpus")
app.add_typer(label_studio.app, name="label-studio")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the shape of a callback
    if wanted:
        typer.echo(f"canvass {__version__}")
        raise typer.Exit


@app.callback()
def _canvass(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Choose which few hundred of millions of unlabelled requests are worth a person's time."""


class _Said(logging.Handler):
    """Shows a record of the log to a person."""

    def emit(self, record: logging.LogRecord) -> None:
        terminal.say(record.getMessage())


def _end_by(number: int, frame: FrameType | None) -> None:
    """End as after an error, so that files in the making are removed; soon, where that is `UNSAFE`."""
    while frame is not None:
        if any(name in frame.f_code.co_filename for name in UNSAFE):
            signal.signal(signal.SIGALRM, lambda _, later: _end_by(number, later))
            signal.setitimer(signal.ITIMER_REAL, SOON)
            return
        frame = frame.f_back
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def program() -> NoReturn:
    """Run `main` as a process of its own, and leave without taking it apart.

    Everything is written and flushed by then. Freeing half a gigabyte and every module one by one takes a third of a
    second; the system does it at once.
    """
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    with contextlib.suppress(OSError, ValueError):  # a closed pipe was dealt with before
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def main() -> None:
    """Run the command line; every error that a user can mend is one sentence and exit code 2."""
    # What is imported and read stays to the end; looking through it for garbage takes a twentieth of the time before
    # the first row.
    gc.set_threshold(GARBAGE)
    # Arrow's own allocators keep a hundred megabytes more of what a pool's blocks needed, and are no faster here.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.stderr.isatty():
        logger = logging.getLogger("canvass.compiled")
        logger.addHandler(_Said())
        logger.setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, _end_by)
    # In the background, a shell has it ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_by)
    try:
        with sentences():
            app(prog_name="canvass")
    except typer.Exit as end:
        # Interrupted before a command began, or while its end was printed.
        sys.exit(end.exit_code)
