"""What a study found: `canvass report`, as a page, Markdown, JSON or a few lines, and `canvass curve`, plotted."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.errors import OptionError, nearest
from canvass.files import check_output, write_whole
from canvass.types import Target

if TYPE_CHECKING:
    from canvass.report.document import Report
    from canvass.report.learning_curves import Curve
    from canvass.simulation.measures import Measure
    from canvass.simulation.store import Study

StudyFolder = Annotated[
    Path, typer.Argument(metavar="STUDY", help="The folder that canvass simulate wrote to.")
]
MOST = 6  # lines that can be told apart
# Distinct on terminals of 16 colours, too.
COLOURS = ("#ff8700", "#5f87ff", "#00af5f", "#d75fd7", "#a8a8a8", "#00afd7")
HEIGHT, WIDEST, NARROWEST = 16, 100, 20
NAMES = {
    "sloter": "slot_error_rate",
    "span-sloter": "span_slot_error_rate",
    "intent": "intent_error_rate",
    "span-f1": "span_f1",
    "frame": "frame_error_rate",
}


def report(
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
        found = report_of(results)
    written = []
    for name, write in writers:
        with terminal.busy(f"writing {name}"):
            written.append((name, write(found)))
    for name, content in written:
        write_whole(name, content)
    if as_json or not (writers or terminal.interactive()):
        sys.stdout.write(json_of(found).decode())
        return
    for sentence in (
        *found.warnings,
        *(sentence for target in found.targets for sentence in target.warnings),
    ):
        terminal.warn(sentence)
    if terminal.interactive():
        _show(found, results)
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


def _show(report: Report, study: Study) -> None:
    """Say what was found for each target, and where the time of the study went."""
    for target in report.targets:
        terminal.show((target.facts.target, "bold"))
        for finding in target.findings:
            terminal.show((finding.verdict.capitalize(), "bold"), f": {finding.sentence}")
            terminal.show_facts(
                [(figure.label, f"{figure.value}  ({figure.detail})") for figure in finding.figures]
            )
        if not target.findings:
            terminal.show("No strategy can be compared with the baseline yet.")
        terminal.show()
    if went := time_went(study):
        terminal.show((f"Time went into: {went}.", "dim"))


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


def curve(
    study: StudyFolder,
    *,
    metric: Annotated[
        str, typer.Option("--metric", "-m", metavar="NAME", help=f"Show this measure: {', '.join(NAMES)}.")
    ] = "sloter",
    target: Annotated[
        list[str] | None, options.target_option("Show this target. May be repeated. [default: all]")
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="UNIT", help="Count what was annotated in utterances, tokens or slots.")
    ] = "utterances",
    strategy: Annotated[
        list[str] | None,
        options.strategy_option(
            f"Show this strategy, or all. May be repeated. [default: on a terminal {MOST} at most, piped all]"
        ),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Show learning curves: means over the seeds, against what was annotated.

    Piped, it prints a table with tabs: target, strategy, annotated, mean, low, high (the 95 % interval of the mean).
    """
    from canvass.report.learning_curves import UNITS, TargetRuns
    from canvass.simulation.measures import MEASURES
    from canvass.simulation.store import read_study

    measure = MEASURES.get(NAMES.get(metric, metric))
    if measure is None:
        raise OptionError(
            f"--metric {metric!r} is unknown{nearest(metric, list(NAMES))}; choose one of {', '.join(NAMES)}"
        )
    if by not in UNITS:
        raise OptionError(f"--by {by!r} is unknown; choose one of {', '.join(UNITS)}")
    with terminal.busy("reading the study"):
        results = read_study(study)
    names = chosen_targets(results, target)
    if results.missing:
        terminal.warn(
            f"the study is not finished: {len(results.missing):,} of {len(results.spec.runs()):,} runs are missing; "
            "means are over the seeds that are there"
        )
    chosen = {name: _chosen(TargetRuns.of(results, name).curves(), strategy) for name in names}
    if as_json:
        document = {
            name: {each.name: _points(each, measure, by) for each in curves}
            for name, curves in chosen.items()
        }
        terminal.print_json({"metric": measure.name, "by": by, "targets": document})
    elif terminal.interactive():
        for name in names:
            _plot(name, chosen[name], measure, by, limited=strategy is None)
    else:
        _print_table(chosen, measure, by)


def chosen_targets(study: Study, wanted: list[str] | None) -> list[str]:
    """Find the targets that are asked for, or all; raises OptionError for one that the study lacks."""
    targets = list(study.spec.targets)
    names = [str(Target.parse(name)) for name in wanted or []]  # a list of intents is sorted
    for name in names:
        if name not in targets:
            raise OptionError(
                f"--target {name!r} is not in the study{nearest(name, targets)} (there are {', '.join(targets)})"
            )
    return names or targets


def _chosen(curves: dict[str, Curve], wanted: list[str] | None) -> list[Curve]:
    names = list(curves) if wanted in (None, ["all"]) else wanted
    for name in names:
        if name not in curves:
            raise OptionError(
                f"--strategy {name!r} has no finished run in the study{nearest(name, list(curves))} (there are "
                f"{', '.join(curves) or 'none'})"
            )
    return [curves[name] for name in names]


def _points(curve: Curve, measure: Measure, unit: str) -> list[dict[str, float | None]]:
    rows = zip(curve.x(unit).tolist(), *(part.tolist() for part in curve.band(measure)), strict=True)
    names = "annotated", "mean", "low", "high"
    # Where there is no band, it is NaN, which JSON does not have.
    return [
        {name: None if math.isnan(value) else value for name, value in zip(names, row, strict=True)}
        for row in rows
    ]


def _print_table(chosen: dict[str, list[Curve]], measure: Measure, unit: str) -> None:
    sys.stdout.write(f"target\tstrategy\t{unit}\t{measure.name}\tlow\thigh\n")
    for target, curves in chosen.items():
        for curve in curves:
            for point in _points(curve, measure, unit):
                figures = ["" if value is None else f"{value:.6g}" for value in point.values()]
                sys.stdout.write("\t".join((target, curve.name, *figures)) + "\n")


def _plot(target: str, curves: Sequence[Curve], measure: Measure, unit: str, *, limited: bool) -> None:
    """Plot the curves of a target in dots of braille, each with its name and final figure at its end."""
    from canvass.report.curve_figures import EMPHASISED, spread
    from canvass.simulation.measures import MAIN, has_slots, main_measure
    from canvass.simulation.spec import without_words

    if not curves:
        terminal.show((f"{target}: no run of a strategy is finished", "bold"))
        return
    if measure is MAIN:
        measure = main_measure(slots=has_slots(curve.sums for curve in curves))
    shown = list(curves)
    if limited and len(shown) > MOST:
        emphasised = [method for name in EMPHASISED for method in (name, without_words(name))]
        shown = [curve for name in emphasised for curve in curves if curve.name == name] or shown
        shown = shown[:MOST]
    terminal.show((target, "bold"), f"  {measure.title}, %")
    names = [f" {curve.name} {100 * measure.rate(curve.sums[:, -1]).mean():.1f}" for curve in shown]
    width = max(NARROWEST, min(WIDEST, terminal.console().width) - terminal.AXIS - max(map(len, names)))
    lines = [(curve.x(unit), 100 * measure.rate(curve.sums).mean(axis=0)) for curve in shown]
    # Each name stands where its line ends, or as near as there is room: no colour is needed to read it.
    low, high = min(float(y.min()) for _, y in lines), max(float(y.max()) for _, y in lines)
    ends = sorted((float(y[-1]), number) for number, (_, y) in enumerate(lines))
    heights = [(value - low) / max(high - low, 1e-12) * (HEIGHT - 1) for value, _ in ends]
    taken: dict[int, tuple[str, str]] = {}
    for place, (_, number) in zip(spread(heights, 1.0, HEIGHT - 1), ends, strict=True):
        row = HEIGHT - 1 - place
        free = [height for height in range(HEIGHT) if height not in taken]
        if free:
            nearest_row = min(free, key=lambda height: abs(height - row))
            taken[nearest_row] = names[number], COLOURS[number % len(COLOURS)]
    terminal.show_plot(lines, width, HEIGHT, COLOURS, taken)
    left, end = " " * terminal.AXIS, f"{max(float(x[-1]) for x, _ in lines):,.0f}"
    terminal.show((f"{left}0{unit:^{width - len(end) - 1}}{end}", "dim"), cut=True)
    if len(shown) < len(curves):
        terminal.show((f"{left}and {len(curves) - len(shown)} more (--strategy all)", "dim"))
    terminal.show()
