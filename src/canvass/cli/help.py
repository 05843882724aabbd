"""How a command is made and runs: its groups of options, its help page, exceptions to sentences and exit codes."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from canvass.cli import terminal
from canvass.errors import CanvassError, OptionError

INTERRUPTED = 130
WIDEST, NARROWEST = 100, 40
WIDEST_NAME = 26  # a longer one has its text on the next line
INDENT = "  "
# typer declares these; their texts are ours, so that a release of it does not change a page.
TEXTS = {
    "--help": "Show this page.",
    "--install-completion": "Install completion for this shell.",
    "--show-completion": "Print what completes for this shell, to install or change it.",
}


class _InOneLine:
    """A command whose usage is one line."""

    def get_usage(self: Any, ctx: Any) -> str:
        """Give the usage."""
        return f"Usage: {ctx.command_path} {' '.join(self.collect_usage_pieces(ctx))}"


class Command(_InOneLine, TyperCommand):
    """A sub-command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of a call; what is given by its place is no option, and a sentence says so."""
        for param in self.get_params(ctx):
            name = f"--{str(param.metavar).removesuffix('...').lower()}"
            if param.param_type_name == "argument" and any(word.partition("=")[0] == name for word in args):
                with sentences():
                    usage = self.get_usage(ctx).removeprefix("Usage: ")
                    raise OptionError(
                        f"{name} is no option: {param.metavar} is known by its place; write {usage}"
                    )
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever a user can mend is one sentence."""
        with sentences():
            return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Name the arguments, those that must be given first."""
        params = self.get_params(ctx)
        return [*(str(param.metavar) for param in params if param.param_type_name == "argument"), "[OPTIONS]"]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        params = self.get_params(ctx)
        formatter.write(_page(self.get_usage(ctx), self.help or "", _groups(params)))


class Group(_InOneLine, TyperGroup):
    """The command line as a whole."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page: the commands, then the options."""
        commands = [(name, _paragraphs(command.help or "")[0]) for name, command in self.commands.items()]
        groups = {"Commands": commands, **_groups(self.get_params(ctx))}
        formatter.write(_page(self.get_usage(ctx), self.help or "", groups))


def flattened(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command for typer, which knows no groups of options, of one that takes some.

    Each keyword of `command` that is annotated with a dataclass becomes as many options as it has fields, which are
    annotated as any option is; `command` gets the instance.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, type[Any]] = {
        name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)
    }
    parameters = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in groups:
            parameters.append(parameter.replace(annotation=hints[name]))
            continue
        options = get_type_hints(groups[name], include_extras=True)
        for option in fields(groups[name]):
            default = inspect.Parameter.empty if option.default is MISSING else option.default
            parameters.append(
                inspect.Parameter(
                    option.name, parameter.kind, default=default, annotation=options[option.name]
                )
            )

    @functools.wraps(command)
    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{option.name: values.pop(option.name) for option in fields(group)})
        command(**values)

    # Typer looks at both.
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn what can go wrong without a defect of ours into one sentence and an exit code."""
    try:
        yield
        # Here, not at shutdown, where a failure would be too late for a sentence.
        sys.stdout.flush()
    except CanvassError as error:
        terminal.say(str(error))
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        terminal.say("interrupted; no file was written")
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        # Whoever read our output has had enough (`canvass ... | head`); say nothing, also at shutdown.
        _drop_standard_output()
        raise typer.Exit(0) from error
    except OSError as error:
        # A full disk behind standard output, say: the message of the system is the best there is.
        _drop_standard_output()
        place = f"{error.filename}: " if error.filename else ""
        terminal.say(f"{place}{error.strerror or error}; nothing more can be read or written there")
        raise typer.Exit(CanvassError.exit_code) from error


def _drop_standard_output() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _groups(params: Sequence[Any]) -> dict[str, list[tuple[str, str]]]:
    """Collect (name, text) of the arguments and of each group of options, in the order of declaration."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for param in params:
        if getattr(param, "hidden", False):
            continue
        is_argument = param.param_type_name == "argument"
        title = getattr(param, "rich_help_panel", None) or ("Arguments" if is_argument else "Options")
        groups.setdefault(title, []).append((_name(param), _text(param)))
    return groups


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar)
    # The columns of long names line up when each has room for a short one.
    short = next((name for name in param.opts if not name.startswith("--")), "")
    # Of what is on by default, people want to know how to turn it off.
    names = param.secondary_opts if param.default is True and param.secondary_opts else param.opts
    long = next(name for name in names if name.startswith("--"))
    value = "" if param.is_flag or not param.metavar else f" {param.metavar}"
    return f"{short + ',' if short else '':<4}{long}{value}"


def _text(param: Any) -> str:
    text = next((TEXTS[name] for name in param.opts if name in TEXTS), None)
    text = " ".join((text or param.help or "").split())
    if param.param_type_name == "argument":
        return text
    shown = param.show_default and param.default is not None and not param.is_flag
    if param.required:
        return f"{text} [required]"
    return f"{text} [default: {param.default}]" if shown else text


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.partition("\f")[0].split("\n\n")]


def _page(usage: str, text: str, groups: dict[str, list[tuple[str, str]]]) -> str:
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns)) - 1
    parts = [usage, *(textwrap.fill(paragraph, width) for paragraph in _paragraphs(text))]
    for title, rows in groups.items():
        lines = [typer.style(title, bold=True)]
        column = min(max(len(name) for name, _ in rows), WIDEST_NAME) + 2 * len(INDENT)
        # On a narrow terminal, texts stand below the names.
        column = column if column < width // 2 else 2 * len(INDENT)
        for name, help_text in rows:
            first = f"{INDENT}{name}".ljust(column)
            if len(first) > column or len(first.rstrip()) > column - len(INDENT):
                lines.append(first.rstrip())
                first = " " * column
            lines.append(
                textwrap.fill(
                    help_text,
                    width,
                    initial_indent=first,
                    subsequent_indent=" " * column,
                    break_on_hyphens=False,
                )
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
