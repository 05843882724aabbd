"""`canvass label-studio doctor`: what it looks at, and how it is printed."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from canvass.cli import terminal
from canvass.errors import CanvassError, OptionError

if TYPE_CHECKING:
    from canvass.integrations.label_studio.findings import Check

VERDICT_WIDTH = len("not checked")
COLOURS = {"ok": "green", "problem": "red", "not checked": None}


def run(
    folder: str | None,
    *,
    url: str | None,
    number: int | None,
    backend: str | None,
    token_file: str | None,
    as_json: bool,
) -> None:
    """Print all checks; raises typer.Exit with code 2 if one of them found a problem."""
    from canvass.annotation.project.project import Project
    from canvass.integrations.label_studio.client import Client
    from canvass.integrations.label_studio.doctor import Doctor
    from canvass.integrations.label_studio.health import checked_backend
    from canvass.integrations.label_studio.link import Link, address_of
    from canvass.integrations.label_studio.tokens import read_token

    place = None if backend is None else checked_backend(backend)
    with contextlib.ExitStack() as stack:
        project = None if folder is None else stack.enter_context(Project.open(folder))
        link = Link() if project is None else Link.of(project.store)
        if project is None and url is None:
            raise OptionError(
                "--url is missing; give the address of Label Studio, or the folder of a project that was pushed"
            )
        address = address_of(link, url)
        if number is None and address == link.url:
            number = link.project
        token = read_token(token_file)
        client = stack.enter_context(Client(address, token))
        doctor = Doctor(client, token, project, number, place, now=time.time())
        checks = []
        for check in doctor.checks():
            checks.append(check)
            if not as_json:
                _show(check)
    problems = sum(check.verdict == "problem" for check in checks)
    if as_json:
        terminal.print_json({"problems": problems, "checks": [asdict(check) for check in checks]})
    if problems:
        raise typer.Exit(CanvassError.exit_code)


def _show(check: Check) -> None:
    """Print a check as one line, at once: some take seconds."""
    verdict = check.verdict.ljust(VERDICT_WIDTH)
    if terminal.interactive():
        verdict = typer.style(verdict, fg=COLOURS[check.verdict], bold=check.verdict == "problem")
    advice = f"; {check.advice}" if check.advice else ""
    sys.stdout.write(f"{verdict}  {terminal.harmless(f'{check.name}: {check.words}{advice}')}\n")
    sys.stdout.flush()
