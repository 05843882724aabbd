"""How far a project is, and how good: `canvass status`, `canvass estimate` and `canvass judge`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import MaskOption, ProjectFolder, open_project
from canvass.errors import OptionError

if TYPE_CHECKING:
    from canvass.annotation.quality.progress import Annotator, Status

HEIGHT, WIDEST = 8, 72
COLOUR = "#ff8700"
FEWEST = 2  # points of a curve


def status(folder: ProjectFolder, *, as_json: options.JsonOption = False) -> None:
    """Tell what is annotated and by whom, how the error fell, and whether to go on.

    Piped, it prints one JSON object, as with --json.
    """
    from canvass.annotation.quality.progress import status_of

    with open_project(folder) as project:
        found = status_of(project)
    if as_json or not terminal.interactive():
        terminal.print_json(found.as_dict())
    else:
        _show(found)


def _show(status: Status) -> None:
    terminal.show((status.name, "bold"), f"  {status.target}, {status.strategy}")
    terminal.show()
    terminal.show_facts(_facts(status))
    terminal.show()
    if len(_points(status)) >= FEWEST:
        _plot(status)
    for line in _sentences(status):
        terminal.show(line)


def _facts(status: Status) -> list[tuple[str, Any]]:
    """List what there is to count; zeros only where they say something."""
    tasks = status.tasks
    others = [
        ("on somebody's page", tasks["leased"]),
        ("handed out in files", status.handed_out),
        ("skipped", tasks["skipped"]),
        ("in dispute", tasks["disputed"]),
        ("flagged", status.flagged),
        ("to be reviewed", status.review),
    ]
    return [
        ("labelled before", status.labelled),
        ("of the target", status.labelled_target),
        ("in the test set", status.test),
        ("of the target", status.test_target),
        ("annotated here", status.accepted),
        ("of the target", status.frames),
        *((f"by {terminal.harmless(annotator.name)}", _told(annotator)) for annotator in status.annotators),
        ("waiting", tasks["open"]),
        *(pair for pair in others if pair[1]),
        *([("word features", _learnt(status.words))] if status.words else []),
    ]


def _told(annotator: Annotator) -> str:
    """Say how much somebody answered, how fast, and how far others agree."""
    parts = [f"{annotator.answers:,}"]
    if annotator.seconds is not None:
        parts.append(f"{annotator.seconds:.1f} s each")
    if annotator.agreement is not None:
        parts.append(f"kappa {annotator.agreement:.2f}")
    return ", ".join(parts)


def _rate(status: Status) -> str:
    return "slot error rate" if status.annotates_slots else "intent error rate"


def _learnt(words: dict[str, Any]) -> str:
    """Say what the word features are of, and since when."""
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(words["at"]))
    return f"{words['words']:,} words of {words['requests']:,} requests, learnt {day}"


def _points(status: Status) -> list[tuple[int, float]]:
    return [
        (entry.answers, entry.slot_error_rate) for entry in status.curve if entry.slot_error_rate is not None
    ]


def _plot(status: Status) -> None:
    """Draw the slot error rate over the answers."""
    import numpy as np

    points = np.array(_points(status))
    held_out = status.curve[-1].held_out
    terminal.show(
        f"{_rate(status)}, %, on {held_out:,} held-out requests of the target; last {100 * points[-1, 1]:.1f}"
    )
    width = max(20, min(WIDEST, terminal.console().width - terminal.AXIS - 1))
    terminal.show_plot([(points[:, 0], 100 * points[:, 1])], width, HEIGHT, [COLOUR])
    first, last = f"{points[0, 0]:.0f}", f"{points[-1, 0]:,.0f}"
    below = f"{first}{'answers':^{width - len(first) - len(last)}}{last}"
    terminal.show((f"{'':>{terminal.AXIS}}{below}", "dim"))
    terminal.show()


def _sentences(status: Status) -> list[str]:
    """Say what the figures mean."""
    lines = []
    if status.last is not None and status.last.failure:
        lines.append(f"The last training failed: {status.last.failure}")
    if status.change is not None:
        lines.append(
            f"The last answers moved the {_rate(status)} by {100 * status.change:+.2f} points on the held-out requests."
        )
    if status.held_out_interval is not None:
        low, high = status.held_out_interval
        lines.append(
            f"On the {status.curve[-1].held_out:,} held-out requests the {_rate(status)} is within {low:.1%} to "
            f"{high:.1%}."
        )
    if status.forecast is not None:
        more, rate, seconds = status.forecast
        time_needed = "" if seconds is None else f" take about {max(1, round(seconds / 60)):,} minutes, and"
        lines.append(
            f"If it goes on as so far, {more} more answers{time_needed} bring the {_rate(status)} to about {rate:.1%}."
        )
    lines += [f"{_capitalised(words)}." for words in (status.outside, *status.missing) if words]
    lines += [f"{_capitalised(estimate.words)}." for estimate in status.estimates]
    lines += [_agreement(pair) for pair in status.agreement]
    lines += [f"{error.words}." for error in status.assistants]
    lines.append(f"{_capitalised(status.suggestion.words)}. Rule: {status.suggestion.rule}.")
    return lines


def _agreement(pair: Any) -> str:
    kappa = "no kappa" if pair.kappa is None else f"kappa {pair.kappa:.2f}"
    spans = "" if pair.span_f1 is None else f", span F1 {pair.span_f1:.2f}"
    return f"{pair.a} and {pair.b} agree: intents {kappa}{spans}, on {pair.n} tasks that both answered."


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def estimate(folder: ProjectFolder, *, as_json: options.JsonOption = False) -> None:
    """Tell how wrong today's models are on the traffic, and what their filter misses, from the blind picks.

    They are made after each training of the page. Piped, it prints one JSON object, as with --json; it also has the
    narrower intervals for one look at a number of picks that was fixed beforehand.
    """
    from canvass.annotation.quality.estimate import stored_estimates

    with open_project(folder) as project:
        estimates = stored_estimates(project)
    if as_json or not terminal.interactive():
        terminal.print_json({"estimates": [each.as_dict() for each in estimates]})
        return
    for each in estimates:
        terminal.show(f"{_capitalised(each.words)}.")


def judge(
    folder: ProjectFolder,
    *,
    assistant: Annotated[
        str | None, typer.Option(metavar="URL", help="Its server, as for canvass annotate.")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Its model.")] = None,
    mask: MaskOption = None,
    withdraw_all: Annotated[
        bool,
        typer.Option(
            "--withdraw",
            help="Ask nothing: take back the approval, and all answers that an assistant gave alone.",
        ),
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Tell whether an assistant may annotate alone, by what people answered without seeing its suggestions.

    Asks it about at most 200 requests, within the budget of canvass.toml, and prints a sentence and its error by kind
    of label. Piped, it prints one JSON object, as with --json. canvass annotate --assistant-alone goes by it.
    """
    from canvass.annotation.assistant.assistant import Assistant
    from canvass.annotation.assistant.judging import judge_project
    from canvass.annotation.quality.assistant_error import withdraw

    if withdraw_all:
        if assistant or model or mask:
            raise OptionError("--withdraw takes back what any assistant answered; give it alone")
        with open_project(folder) as project:
            count = withdraw(project)
        if as_json:
            terminal.print_json({"withdrawn": count})
        else:
            terminal.say(f"{count:,} answers withdrawn; their requests wait for people")
        return
    if assistant is None or model is None:
        raise OptionError("--assistant URL and --model NAME say which assistant; give both, or --withdraw")
    with open_project(folder) as project, project.lock("asks an assistant"):
        asked = Assistant(project, assistant, model, mask=mask)
        verdict = judge_project(project, asked)
    if asked.message:
        terminal.warn(asked.message)
    if as_json or not terminal.interactive():
        terminal.print_json(verdict.as_dict())
        return
    terminal.show(verdict.words)
    rows = []
    for kind, share in verdict.errors.items():
        low, high = share.interval
        rows.append((kind, f"{share.wrong}", f"{share.n}", f"{low:.0%} to {high:.0%}"))
    terminal.show_rows(("", "wrong", "of", "95 % interval"), rows)
    if verdict.unanswered:
        terminal.show(f"{verdict.unanswered} requests had no suggestion.")
