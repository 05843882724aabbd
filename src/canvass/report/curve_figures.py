"""Figures of learning curves and of annotations saved, as SVG."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from canvass.report import formatting, svg
from canvass.report.document import TargetReport
from canvass.simulation.measures import Measure
from canvass.simulation.spec import without_words
from canvass.statistics import Band
from canvass.strategies import DEFAULT_FOR_ALL, STRATEGIES

# Emphasised strategies have their own colour, line and mark; the others of a study are thin and grey.
EMPHASISED = ("majority-joint", "majority-crf", "majority-mnlp", "random-positive", "random", "joint")
MOST = 5  # emphasised strategies
WIDE, NARROW = (820, 430), (340, 275)  # width and height in pixels
LABEL_GAP = 13.5  # pixels between two labels
AXIS = {
    "utterances": "utterances annotated",
    "tokens": "tokens annotated",
    "slots": "slots annotated (and intents)",
}
PERCENT = 100


class Look(NamedTuple):
    """How a strategy is drawn: the role of its colour, its line and its mark."""

    role: str
    line: Any
    mark: str


LOOKS = {
    "majority-joint": Look("s1", "-", "o"),
    "majority-crf": Look("s2", "-", "s"),
    "majority-mnlp": Look("s3", (0, (6, 1.5, 1, 1.5)), "^"),
    "random-positive": Look("s4", (0, (5, 2)), "D"),
    "random": Look("s5", (0, (1.2, 1.6)), "v"),
}
GREY = Look("faint", "-", "")


def looks_of(report: TargetReport) -> dict[str, Look]:
    """Choose the look of each strategy: those of `EMPHASISED`, then the best others, stand out; the rest is grey."""
    names = [row.name for row in report.rows]
    chosen = [name for name in EMPHASISED if name in names and name in LOOKS]
    best = [name for name in names if name not in chosen and name in STRATEGIES]
    if DEFAULT_FOR_ALL in best:
        best.insert(0, best.pop(best.index(DEFAULT_FOR_ALL)))
    chosen += best[: max(0, min(MOST, 3) - len(chosen))]
    free = [look for name, look in LOOKS.items() if name not in chosen]
    looks: dict[str, Look] = {}
    for name in chosen:
        looks[name] = LOOKS.get(name) or free.pop(0)
        if without_words(name) in names:
            looks[without_words(name)] = looks[name]._replace(mark="")  # a thin line, without a band
    return looks | {name: GREY for name in names if name not in looks}


def draw_curves(report: TargetReport, measure: Measure, unit: str, name: str, *, wide: bool) -> str:
    """Draw the learning curves of a target as an `svg` element; a wide figure labels the end of each line."""
    looks = looks_of(report)
    context, figure, axes = svg.canvas(*(WIDE if wide else NARROW), name)
    titles: dict[str, str] = {}
    with context:
        ends = []
        drawn: set[bytes] = set()
        for place, strategy in enumerate(
            sorted(looks, key=lambda name: (looks[name] != GREY, -_order(name)))
        ):
            x, band = report.curves[strategy].x(unit), report.curves[strategy].band(measure)
            end, gid = float(band.mean[-1]), f"line-{strategy}"
            titles[gid] = f"{strategy}: {formatting.percent(end)} at the end"
            again = band.mean.tobytes() in drawn
            _draw(axes, x, band, look=looks[strategy], gid=gid, place=place, again=again)
            drawn.add(band.mean.tobytes())
            ends.append((strategy, float(x[-1]), PERCENT * end))
        _ceiling(axes, report, measure)
        _axes(axes, measure, AXIS[unit])
        if wide:
            _label(axes, ends, looks)
        else:
            # A grey curve that runs far beyond the emphasised ones would compress them.
            axes.set_xlim(right=1.02 * max(x for strategy, x, _ in ends if looks[strategy] != GREY))
        return svg.embedded(
            figure, name, _title(report, measure, unit), _description(report, measure), titles
        )


def _order(strategy: str) -> int:
    return EMPHASISED.index(strategy) if strategy in EMPHASISED else len(EMPHASISED)


def _draw(axes: Any, x: Any, band: Band, *, look: Look, gid: str, place: int, again: bool) -> None:
    """Draw one curve and its band; `again` draws it dashed, over an identical curve that stays visible."""
    colour = svg.PLACEHOLDERS[look.role]
    if look == GREY:
        axes.plot(x, PERCENT * band.mean, color=colour, linewidth=1.1, gid=gid, zorder=2)
        return
    if np.isfinite(band.low).all() and look.mark and not again:
        axes.fill_between(
            x, PERCENT * band.low, PERCENT * band.high, color=colour, alpha=0.1, linewidth=0, zorder=1
        )
    line = (0, (4, 4)) if again else look.line
    axes.plot(
        x, PERCENT * band.mean, color=colour, linestyle=line, linewidth=2.1 if look.mark else 1.2, gid=gid,
        zorder=3 + place, marker=look.mark, markersize=4.4, markeredgewidth=0,
    )  # fmt: skip


def _ceiling(axes: Any, report: TargetReport, measure: Measure) -> None:
    if measure.name not in report.ceiling:
        return
    height = PERCENT * report.ceiling[measure.name]
    axes.axhline(height, color=svg.PLACEHOLDERS["muted"], linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        f"whole pool: {formatting.percent(report.ceiling[measure.name])}",
        (0.0, height), xycoords=("axes fraction", "data"), xytext=(4, 3 if measure.less_is_better else -11),
        textcoords="offset points", fontsize=9.5, color=svg.PLACEHOLDERS["muted"],
    )  # fmt: skip


def _axes(axes: Any, measure: Measure, x_title: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g} %"))
    if measure.less_is_better:
        axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))
    axes.set_xlabel(x_title)
    axes.set_title(measure.title, loc="left", fontsize=11, color=svg.PLACEHOLDERS["ink"])


def _label(axes: Any, ends: list[tuple[str, float, float]], looks: dict[str, Look]) -> None:
    """Label each line at its right end, without overlaps, with a thin connecting line."""
    axes.figure.canvas.draw()  # the layout
    to_pixels = axes.transData.transform
    ends = sorted(ends, key=lambda end: (end[2], end[0]))
    scale = axes.figure.dpi / 72
    height = axes.bbox.height / scale
    places = spread(
        [float(to_pixels((x, y))[1] - axes.bbox.y0) / scale for _, x, y in ends], LABEL_GAP, height
    )
    for (strategy, x, y), place in zip(ends, places, strict=True):
        look = looks[strategy]
        grey = look == GREY
        axes.annotate(
            strategy, (x, y), xytext=(1.03, place / height), textcoords="axes fraction", va="center", ha="left",
            fontsize=9.5 if grey else 11, color=svg.PLACEHOLDERS["muted" if grey else look.role],
            fontweight="normal" if grey else "bold", annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 4, "color": svg.PLACEHOLDERS["faint"],
                "relpos": (0, 0.5),
            },
        )  # fmt: skip


def spread(places: list[float], gap: float, height: float) -> list[float]:
    """Move sorted positions apart by at least `gap`, as little as possible, and below `height`.

    >>> spread([0, 1, 50], 10, 100)
    [-4.5, 5.5, 50.0]
    """
    groups: list[tuple[float, int]] = []  # centre, members
    for place in places:
        centre, count = float(place), 1
        while groups and centre - (count - 1) * gap / 2 < groups[-1][0] + groups[-1][1] * gap / 2 + gap / 2:
            other, members = groups.pop()
            centre, count = (other * members + centre * count) / (members + count), members + count
        groups.append((centre, count))
    moved = [centre + (i - (count - 1) / 2) * gap for centre, count in groups for i in range(count)]
    for i in range(len(moved) - 1, -1, -1):  # from the top of the figure
        moved[i] = min(moved[i], height - gap * (len(moved) - 1 - i))
    return moved


def draw_savings(report: TargetReport, name: str) -> str | None:
    """Draw the prolonged run of the baseline, and where it reaches the final error of the others; None without one."""
    if report.long_run is None or not report.rows:
        return None
    looks = looks_of(report)
    long_x, long_y = report.long_run.points(report.main, "utterances")
    context, figure, axes = svg.canvas(*NARROW, name)
    with context:
        axes.plot(long_x, PERCENT * long_y, color=svg.PLACEHOLDERS["faint"], linewidth=2.4, zorder=2)
        for row in reversed(report.rows):
            look = looks[row.name]
            if not look.mark or row.name == report.baseline:
                continue
            x, y = report.curves[row.name].points(report.main, "utterances")
            colour = svg.PLACEHOLDERS[look.role]
            axes.plot(x, PERCENT * y, color=colour, linestyle=look.line, linewidth=1.8, zorder=3)
            more = row.saved.baseline_more if row.saved else None
            if row.saved is None or (more is not None and more <= 0):
                continue
            reached = x[-1] + (row.saved.beyond if more is None else more)
            axes.plot(
                [x[-1], reached],
                [PERCENT * y[-1]] * 2,
                color=colour,
                linewidth=1.1,
                linestyle=(0, (2, 2)),
                zorder=3,
            )
            axes.plot(
                reached,
                PERCENT * y[-1],
                marker=">" if more is None else look.mark,
                markersize=5,
                color=colour,
                zorder=4,
            )
        _ceiling(axes, report, report.main)
        _axes(axes, report.main, AXIS["utterances"])
        axes.set_title(
            f"{report.baseline} run on (grey)", loc="left", fontsize=11, color=svg.PLACEHOLDERS["ink"]
        )
        described = "; ".join(
            f"{row.name}: {formatting.saved(row.saved)} more"
            for row in report.rows
            if row.saved and looks[row.name].mark
        )
        title = f"Annotations saved for {report.facts.target}"
        return svg.embedded(
            figure, name, title, f"What {report.baseline} needs for the same error: {described}.", {}
        )


def _title(report: TargetReport, measure: Measure, unit: str) -> str:
    return f"{measure.title} against {unit} annotated, {report.facts.target}"


def _description(report: TargetReport, measure: Measure) -> str:
    parts = []
    for row in report.rows:
        values = report.curves[row.name].band(measure).mean
        parts.append(
            f"{row.name} from {formatting.percent(float(values[0]))} to {formatting.percent(float(values[-1]))}"
        )
    return "; ".join(parts) + "."
