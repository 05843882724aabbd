"""`canvass report`: what a study found, as one page, as Markdown, as JSON, or in a few lines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.errors import OptionError
from canvass.files import check_output, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from canvass.report.document import Report
    from canvass.simulation.store import Study

StudyFolder = Annotated[
    Path,
    typer.Argument(metavar="STUDY", help="The folder that canvass simulate wrote to.", show_default=False),
]


def command(
    study: StudyFolder,
    *,
    out: Annotated[
        list[str] | None,
        options.out_option(
            "Write the report to this file: .html (which needs nothing else), .md or .json. May be repeated."
        ),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Report a study: what each strategy saved, how sure that is, and what it chose.

    Nothing is trained, and a study that is not finished is reported as such. Without --out, what was found is printed;
    piped, as one JSON object. The same study gives the same bytes.
    """
    from canvass.report.document import as_json as json_of
    from canvass.report.document import report_of
    from canvass.simulation.store import PROVENANCE_FILE, SECONDS_FILE, STUDY_FILE, read_study

    writers = [(name, _writer(name)) for name in out or []]
    if len({Path(name).absolute() for name, _ in writers}) < len(writers):
        raise OptionError("--out names one file twice; name each once")
    for name, _ in writers:
        check_output(name, [str(study / file) for file in (STUDY_FILE, PROVENANCE_FILE, SECONDS_FILE)])
    with terminal.busy("comparing the runs"):
        results = read_study(study)
        report = report_of(results)
    written = []
    for name, write in writers:
        with terminal.busy(f"writing {name}"):
            written.append((name, write(report)))
    for name, content in written:
        with whole_file(name) as stream:
            stream.write(content)
    if as_json or not (writers or terminal.interactive()):
        import sys

        sys.stdout.write(json_of(report).decode())
        return
    for sentence in (
        *report.warnings,
        *(sentence for target in report.targets for sentence in target.warnings),
    ):
        terminal.warn(sentence)
    if terminal.interactive():
        _show(terminal.console(), report, results)
    for name, _ in writers:
        terminal.show_written(name)


def _writer(name: str) -> Callable[[Report], bytes]:
    """Choose the form of the report by the extension of a file."""
    from canvass.report.document import as_json
    from canvass.report.markdown import as_markdown
    from canvass.report.page import as_html

    writers = {".html": as_html, ".htm": as_html, ".md": as_markdown, ".json": as_json}
    writer = writers.get(Path(name).suffix.lower())
    if writer is None:
        raise OptionError(
            f"--out {name}: its extension tells no form of the report; end the name in .html, .md or .json"
        )
    return writer


def _show(console: Console, report: Report, study: Study) -> None:
    """Say what was found for each target, and where the time of the study went."""
    from rich.text import Text

    for target in report.targets:
        console.print(Text(terminal.harmless(target.facts.target), "bold"))
        for finding in target.findings:
            console.print(
                Text.assemble(
                    (finding.verdict.capitalize(), "bold"), f": {terminal.harmless(finding.sentence)}"
                )
            )
            facts = [(figure.label, f"{figure.value}  ({figure.detail})") for figure in finding.figures]
            terminal.show_facts(console, facts)
        if not target.findings:
            console.print("No strategy can be compared with the baseline yet.")
        console.print()
    if went := time_went(study):
        console.print(Text(f"Time went into: {went}.", "dim"))


def time_went(study: Study) -> str:
    """Say what share of the processor's seconds each phase of the study took; an empty string if nobody kept them.

    Only here: seconds are of a machine and a day, and have no place in the report.
    """
    seconds: Counter[str] = Counter()
    for record in study.seconds:
        phases = record.get("seconds") if isinstance(record, dict) else None
        if isinstance(phases, dict):
            seconds.update({name: float(value) for name, value in phases.items() if name != "wall"})
    total = seconds.total()
    if total <= 0:
        return ""
    return ", ".join(f"{name} {value / total:.0%}" for name, value in seconds.most_common())
