"""Projections for the report, and their figures: utterances in a plane, with the first choices of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canvass.report import svg
from canvass.report.learning_curves import RANDOM, RANDOM_POSITIVE, TargetRuns
from canvass.simulation.store import Projection

MEMBERS = ("logistic", "hinge", "squared")
# The first of these in a study represents the strategies that choose where members disagree.
DISSENTERS = ("qbc-crf", "qbc-as", "qbc-sa", "uncertainty")
UNSURE = 2.944  # log(0.95 / 0.05): for a smaller abs(y_lg), p_lg lies between 5 and 95 %
EASY_NO, EASY_YES, NEAR = range(3)
FIRST_ROUND = 1
SIZE = (340, 275)
LINES = ("-", (0, (5, 2)), (0, (1.2, 1.6)))
KINDS = {EASY_NO: "easy", EASY_YES: "faint", NEAR: "muted"}
CHOSEN = "s1"
MARGIN = 0.06


@dataclass(frozen=True)
class Scene:
    """The first round of a run, given by strategy and seed: its projection of P utterances."""

    strategy: str
    seed: int
    projection: Projection

    @property
    def kind(self) -> NDArray[np.int64]:
        """Sort the utterances, int (P,): `EASY_NO` and `EASY_YES` where the members agree, and `NEAR`.

        That is: they disagree, or p_lg is between 5 and 95 %.
        """
        scores = self.projection.scores
        votes = np.count_nonzero(scores > 0, axis=1)
        near = ((votes > 0) & (votes < scores.shape[1])) | (np.abs(scores[:, 0]) < UNSURE)
        return np.where(near, NEAR, np.where(votes == 0, EASY_NO, EASY_YES))

    @property
    def chosen(self) -> NDArray[np.bool_]:
        """Mark what was chosen, bool (P,)."""
        return np.asarray(self.projection.state == 1)

    @property
    def words(self) -> str:
        """Describe the choices in a sentence."""
        also = (True, self.projection.is_target, self.kind == NEAR)
        chosen, ours, near = (int(np.count_nonzero(self.chosen & some)) for some in also)
        return f"{self.strategy}: {chosen} chosen, {ours} of them of the target, {near} near the lines."


def scenes_of(runs: TargetRuns, main: str | None) -> tuple[Scene, ...]:
    """Choose up to four strategies and a seed: before the first round all have the same committee.

    `main` names the strategy of the first finding.
    """
    dissenter = next((name for name in DISSENTERS if name in runs.strategies), None)
    wanted = [
        name for name in dict.fromkeys((RANDOM, dissenter, RANDOM_POSITIVE, main)) if name in runs.strategies
    ]
    projected = {
        name: {seed for seed, run in runs.strategies[name].items() if FIRST_ROUND in run.projections}
        for name in wanted
    }
    wanted = [name for name in wanted if projected[name]]
    if not wanted:
        return ()
    last = projected[wanted[-1]]  # `main`, if it has a projection
    seed = min(set.intersection(*(projected[name] for name in wanted)) or last)
    return tuple(
        Scene(name, seed, runs.strategies[name][seed].projections[FIRST_ROUND])
        for name in wanted
        if seed in projected[name]
    )


def draw_projection(scene: Scene, scenes: Sequence[Scene], name: str) -> str:
    """Draw a scene as an `svg` element; all of `scenes` show the same section of the plane."""
    context, figure, axes = svg.canvas(*SIZE, name)
    points, is_target = scene.projection.points, scene.projection.is_target
    with context:
        low, high = _section(scenes)
        for kind, role in KINDS.items():
            for target, mark in ((False, "x"), (True, "o")):
                shown = (
                    (scene.kind == kind) & (is_target == target) & ~scene.chosen & scene.projection.sampled
                )
                _points(axes, points[shown], mark=mark, role=role, size=3.0, edge=0.8)
        for target, mark in ((False, "X"), (True, "o")):
            shown = scene.chosen & (is_target == target)
            _points(axes, points[shown], mark=mark, role=CHOSEN, size=6.0, edge=0.7)
        _lines(axes, scene.projection.lines, low, high)
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
    points = np.concatenate([scene.projection.points for scene in scenes]).astype(np.float64)
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
