"""Projections for the report: the same utterances and lines, with the first choices of different strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from canvass.report.learning_curves import RANDOM, RANDOM_POSITIVE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from canvass.report.learning_curves import TargetRuns
    from canvass.simulation.store import Projection

MEMBERS = ("logistic", "hinge", "squared")
# The first of these in a study represents the strategies that choose where members disagree.
DISSENTERS = ("qbc-crf", "qbc-as", "qbc-sa", "uncertainty")
UNSURE = 2.944  # log(0.95 / 0.05): for a smaller abs(y_lg), p_lg lies between 5 and 95 %
EASY_NO, EASY_YES, NEAR = range(3)
FIRST_ROUND = 1


@dataclass(frozen=True)
class Scene:
    """The first round of a strategy in the plane of `simulation.projection`; P utterances, M members.

    * `strategy`, `seed`: the run.
    * `points`: float32 (P, 2).
    * `kind`: int8 (P,): `EASY_NO` and `EASY_YES` where the members agree, `NEAR` where they disagree or p_lg is between
      5 and 95 %.
    * `chosen`, `is_target`, `sampled`: bool (P,): chosen in the first round; of the target by gold annotation; of the
      sample.
    * `lines`: float64 (M, 3): a, c, k of a y_lg + c v + k = 0.
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
        """Describe the choices in a sentence."""
        chosen, ours, near = (
            int(np.count_nonzero(self.chosen & also)) for also in (True, self.is_target, self.kind == NEAR)
        )
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
        scene(name, seed, runs.strategies[name][seed].projections[FIRST_ROUND])
        for name in wanted
        if seed in projected[name]
    )


def scene(strategy: str, seed: int, projection: Projection) -> Scene:
    """Classify the utterances of a projection into easy ones and those near the lines."""
    votes = np.count_nonzero(projection.scores > 0, axis=1)
    members = projection.scores.shape[1]
    near = ((votes > 0) & (votes < members)) | (np.abs(projection.scores[:, 0]) < UNSURE)
    kind = np.where(near, NEAR, np.where(votes == 0, EASY_NO, EASY_YES)).astype(np.int8)
    return Scene(
        strategy,
        seed,
        projection.points,
        kind,
        projection.state == 1,
        projection.is_target,
        projection.sampled,
        projection.lines,
    )
