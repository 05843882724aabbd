"""The entry of the command line: one sub-command a module, and exceptions to sentences and exit codes."""

from __future__ import annotations

import os
import sys

import typer

from canvass import __version__
from canvass.cli import demo, evaluate, predict, select, strategies, train
from canvass.errors import CanvassError

INTERRUPTED = 130

app = typer.Typer(
    name="canvass",
    help="Choose which few hundred of millions of unlabelled requests are worth a person's time.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (select, train, predict, evaluate, demo, strategies):
    app.command(module.__name__.rpartition(".")[2])(module.command)


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


def main() -> None:
    """Run the command line; every error a user can mend is one sentence and exit code 2."""
    try:
        app()
    except CanvassError as error:
        typer.echo(f"canvass: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("canvass: interrupted; nothing was written", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough (`canvass ... | head`); say nothing, also at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
