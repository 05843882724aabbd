"""The picture of the method as records: the same utterances and lines, with what different strategies chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from canvass.report.curves import RANDOM, RANDOM_POSITIVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.report.curves import TargetRuns
    from canvass.simulation.store import Projection

MEMBERS = ("logistic", "hinge", "squared")
# One stands for those that look where the members disagree.
DISSENTERS = ("qbc-crf", "qbc-as", "qbc-sa", "uncertainty")
UNSURE = 2.944  # abs(y_lg) below which p_lg lies between 5 and 95 %
EASY_NO, EASY_YES, NEAR = range(3)
FIRST_ROUND = 1


@dataclass(frozen=True)
class Scene:
    """What a strategy chose in its first round, in the plane of `simulation.projection`; P utterances, M lines.

    `kind` int8 (P,): the committee is sure it is not the target, is sure it is, or it lies near the lines (the members
    disagree, or p_lg is between 5 and 95 %); `chosen`, `is_target`, `sampled` bool (P,).
    """

    strategy: str
    seed: int
    points: NDArray[np.float32]
    kind: NDArray[np.int8]
    chosen: NDArray[np.bool_]
    is_target: NDArray[np.bool_]
    sampled: NDArray[np.bool_]
    lines: NDArray[np.float64]

    @property
    def words(self) -> str:
        """Count what was chosen."""
        chosen, ours, near = (
            int(np.count_nonzero(self.chosen & also)) for also in (True, self.is_target, self.kind == NEAR)
        )
        return f"{self.strategy}: {chosen} chosen, {ours} of them of the target, {near} near the lines."


def scenes_of(runs: TargetRuns, main: str | None) -> tuple[Scene, ...]:
    """Show up to four strategies in their first round of one seed, where all have the same committee."""
    dissenter = next((name for name in DISSENTERS if name in runs.strategies), None)
    wanted = [
        name for name in dict.fromkeys((RANDOM, dissenter, RANDOM_POSITIVE, main)) if name in runs.strategies
    ]
    with_picture = {
        name: {seed for seed, run in runs.strategies[name].items() if FIRST_ROUND in run.projections}
        for name in wanted
    }
    wanted = [name for name in wanted if with_picture[name]]
    if not wanted:
        return ()
    last = with_picture[wanted[-1]]  # the main one, if it has a picture
    seed = min(set.intersection(*(with_picture[name] for name in wanted)) or last)
    return tuple(
        scene(name, seed, runs.strategies[name][seed].projections[FIRST_ROUND])
        for name in wanted
        if seed in with_picture[name]
    )


def scene(strategy: str, seed: int, picture: Projection) -> Scene:
    """Tell the easy utterances of a picture from those near the lines."""
    votes = np.count_nonzero(picture.scores > 0, axis=1)
    members = picture.scores.shape[1]
    near = ((votes > 0) & (votes < members)) | (np.abs(picture.scores[:, 0]) < UNSURE)
    kind = np.where(near, NEAR, np.where(votes == 0, EASY_NO, EASY_YES)).astype(np.int8)
    return Scene(
        strategy,
        seed,
        picture.points,
        kind,
        picture.state == 1,
        picture.is_target,
        picture.sampled,
        picture.lines,
    )
