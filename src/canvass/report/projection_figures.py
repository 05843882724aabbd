"""Figures of projections: utterances in a plane, the lines of the committee's members, and a strategy's choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from canvass.report import svg
from canvass.report.projections import EASY_NO, EASY_YES, MEMBERS, NEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from canvass.report.projections import Scene

SIZE = (340, 275)
LINES = ("-", (0, (5, 2)), (0, (1.2, 1.6)))
KINDS = {EASY_NO: "easy", EASY_YES: "faint", NEAR: "muted"}
CHOSEN = "s1"
MARGIN = 0.06


def draw_projection(scene: Scene, scenes: Sequence[Scene], name: str) -> str:
    """Draw a scene as an `svg` element; all of `scenes` show the same section of the plane."""
    context, figure, axes = svg.canvas(*SIZE, name)
    with context:
        low, high = _section(scenes)
        for kind, role in KINDS.items():
            for target, mark in ((False, "x"), (True, "o")):
                shown = (scene.kind == kind) & (scene.is_target == target) & ~scene.chosen & scene.sampled
                _points(axes, scene.points[shown], mark=mark, role=role, size=3.0, edge=0.8)
        for target, mark in ((False, "X"), (True, "o")):
            shown = scene.chosen & (scene.is_target == target)
            _points(axes, scene.points[shown], mark=mark, role=CHOSEN, size=6.0, edge=0.7)
        _lines(axes, scene.lines, low, high)
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.tick_params(length=0)
        axes.set_xlabel("score of the logistic member, y_lg")
        axes.set_title(scene.strategy, loc="left", fontsize=11, color=svg.PLACEHOLDERS["ink"])
        return svg.embedded(figure, name, f"What {scene.strategy} chose first", scene.words, {})


def _points(
    axes: Any, points: NDArray[np.float32], *, mark: str, role: str, size: float, edge: float
) -> None:
    if not len(points):
        return
    filled = mark != "x"
    axes.plot(
        points[:, 0], points[:, 1], linestyle="none", marker=mark, markersize=size,
        color=svg.PLACEHOLDERS[role], markeredgewidth=edge if not filled or role == CHOSEN else 0,
        markeredgecolor=svg.PLACEHOLDERS["paper" if role == CHOSEN else role], zorder=4 if role == CHOSEN else 2,
    )  # fmt: skip


def _section(scenes: Sequence[Scene]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the corners of the section that holds all points and -1 to 1 of the logistic score: float64 (2,) each."""
    points = np.concatenate([scene.points for scene in scenes]).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    low[0], high[0] = min(low[0], -1.0), max(high[0], 1.0)
    room = MARGIN * np.maximum(high - low, 1e-6)
    return low - room, high + room


def _lines(
    axes: Any, lines: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> None:
    """Draw the line a y_lg + c v + k = 0 of each member, labelled if its end is within the section."""
    v = np.array([low[1], high[1]])
    ends: list[tuple[float, str]] = []
    for member, (a, c, k) in enumerate(lines):
        if abs(a) < 1e-12:  # noqa: PLR2004 - the member's score does not depend on y_lg
            continue
        y_lg = -(c * v + k) / a
        axes.plot(
            y_lg, v, color=svg.PLACEHOLDERS["ink"], linewidth=1.1, linestyle=LINES[member % 3], zorder=3
        )
        if low[0] < y_lg[1] < high[0]:
            ends.append(
                (float(y_lg[1]), MEMBERS[member] if member < len(MEMBERS) else f"member {member + 1}")
            )
    # The outer labels are outside the lines; inner labels may not fit between lines, and get rows of their own.
    for i, (top, name) in enumerate(sorted(ends)):
        left = i == 0 and len(ends) > 1
        axes.annotate(
            name, (top, high[1]), xytext=(-3 if left else 3, -9 - 12 * max(0, i - 1)), textcoords="offset points",
            ha="right" if left else "left", fontsize=9.5, color=svg.PLACEHOLDERS["ink"],
        )  # fmt: skip
