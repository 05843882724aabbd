"""How good the models are on live traffic, from answers to tasks that were drawn at random.

Tasks of source `random` are drawn from what a majority of the committee takes for the target, in proportion to how
often an utterance was seen; those of source `outside` likewise from the rest. Nobody saw the prediction before
answering, and it is that of models which had not seen the answer. So the errors are those of models at the time, on
requests that were not annotated yet: as models get better, older answers show them worse than they are, and only the
latest count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from canvass.metrics import count_errors
from canvass.seeding import generator
from canvass.statistics import Interval, wilson_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from canvass.annotation.project.project import Project
    from canvass.annotation.store.records import Answer, Source, Task

FEWEST = 20  # random picks; the interval of fewer would say nothing
FEWEST_OUTSIDE = 10  # they are a fifth as many, and their interval is honest for few
LATEST = 200
LEVEL = 0.95
RESAMPLES = 2000
REQUESTS = "requests"  # the fact of the store


class Requests(NamedTuple):
    """How many requests, not annotated yet, a round found on either side of the filter (sums of counts)."""

    inside: int
    outside: int


@dataclass(frozen=True)
class LiveError:
    """Error rates of the models on requests that the committee takes for the target, with 95 % intervals.

    `slot_error_rate` and `frame_error_rate` are of the `n` that are of the target, `precision` is the share of those
    among all that were answered. `effective` is how many equally weighted answers would tell as much.
    """

    slot_error_rate: float
    slot_error_interval: Interval
    frame_error_rate: float
    frame_error_interval: Interval
    precision: float
    precision_interval: Interval
    n: int
    effective: float

    @property
    def words(self) -> str:
        """A sentence for people."""
        low, high = self.slot_error_interval
        return (
            f"slot error rate on live requests {self.slot_error_rate:.3f} ({low:.3f} to {high:.3f}), from the latest "
            f"{self.n} random picks of the target"
        )


@dataclass(frozen=True)
class Missed:
    """What share of the target's requests the committee misses, with an interval of at least 95 %.

    `n` answers were drawn from outside the filter, `found` of them are of the target.
    """

    share: float
    interval: Interval
    n: int
    found: int

    @property
    def words(self) -> str:
        """A sentence for people."""
        low, high = self.interval
        return (
            f"the committee misses {self.share:.0%} of the target's requests ({low:.0%} to {high:.0%}): of {self.n} "
            f"random picks from outside, {self.found} {'is' if self.found == 1 else 'are'} of the target"
        )


def live_error(
    accepted: Iterable[tuple[Task, Answer]], *, seed: int = 0, latest: int = LATEST
) -> LiveError | None:
    """Estimate the live error from what counts as annotated, by the `latest` of its random picks.

    Returns None while fewer than `FEWEST` of them are of the target. The interval of the slot error rate is a bootstrap
    over utterances (percentiles; Bisani, Ney 2004); where nothing was wrong, which a bootstrap takes for certain, it
    ends where that of the frame error rate would, with one error in each wrong frame. Those of proportions are
    Wilson's, with the effective number of answers (Kish 1965).
    """
    drawn = _latest(accepted, "random", latest)
    frames = [(task, answer) for task, answer in drawn if answer.kind == "frame" and answer.slots is not None]
    if len(frames) < FEWEST:
        return None
    counts = [
        count_errors(answer.slots or (), answer.prediction.slots, answer.intent, answer.prediction.intent)
        for _, answer in frames
        if answer.prediction is not None
    ]
    weights = np.array([task.weight for task, _ in frames])
    errors = np.array([count.errors for count in counts], dtype=np.float64)
    slots = np.array([count.weight for count in counts], dtype=np.float64)
    rate = float(weights @ errors / (weights @ slots))
    frame = _proportion(errors > 0, weights)
    if errors.any():
        interval = _bootstrap(weights * errors, weights * slots, seed)
    else:
        interval = Interval(0.0, frame[1].high * float(weights.sum() / (weights @ slots)))
    every = np.array([task.weight for task, _ in drawn])
    precision = _proportion(np.array([answer.kind == "frame" for _, answer in drawn]), every)
    return LiveError(rate, interval, *frame, *precision, len(frames), _effective(weights))


def missed(
    accepted: Sequence[tuple[Task, Answer]],
    *,
    inside_requests: int,
    outside_requests: int,
    latest: int = LATEST,
) -> Missed | None:
    """Estimate what share of the target's requests the filter leaves out.

    `inside_requests` and `outside_requests` are how many requests, not yet annotated, the latest round found on either
    side of the filter. The shares of the target on both sides have Wilson intervals at a level of 97.5 % each, so that
    both hold together at 95 % or more. None while fewer than `FEWEST_OUTSIDE` from outside, or `FEWEST` random picks,
    are answered.
    """
    sides = []
    strata: tuple[tuple[Source, int], ...] = (("outside", FEWEST_OUTSIDE), ("random", FEWEST))
    for source, fewest in strata:
        drawn = _latest(accepted, source, latest)
        if len(drawn) < fewest:
            return None
        of_target = np.array([answer.kind == "frame" for _, answer in drawn])
        weights = np.array([task.weight for task, _ in drawn])
        sides.append((*_proportion(of_target, weights, level=(1 + LEVEL) / 2), of_target))
    (out, out_interval, on_target), (within, within_interval, _) = sides

    def share(outside: float, inside: float) -> float:
        """Divide what is missed by all that there is; nothing is missed of nothing."""
        lost = outside * outside_requests
        return lost / (lost + inside * inside_requests) if lost else 0.0

    return Missed(
        share(out, within),
        Interval(
            share(out_interval.low, within_interval.high), share(out_interval.high, within_interval.low)
        ),
        len(on_target),
        int(on_target.sum()),
    )


def _latest(
    accepted: Iterable[tuple[Task, Answer]], source: Source, latest: int
) -> list[tuple[Task, Answer]]:
    """Take the latest answers to tasks of a source that have a prediction, in the order of the answers."""
    drawn = [
        (task, answer) for task, answer in accepted if task.source == source and answer.prediction is not None
    ]
    return sorted(drawn, key=lambda both: both[1].sequence)[-latest:]


def _effective(weights: NDArray[np.float64]) -> float:
    return float(weights.sum() ** 2 / (weights @ weights))


def _proportion(
    yes: NDArray[np.bool_], weights: NDArray[np.float64], *, level: float = LEVEL
) -> tuple[float, Interval]:
    """Estimate a weighted proportion and its Wilson interval, n being the effective number."""
    share, n = float(weights @ yes / weights.sum()), _effective(weights)
    # Sums of weights are rounded; none and all are exact.
    successes = 0.0 if not yes.any() else n if yes.all() else share * n
    return share, wilson_interval(successes, n, level=level)


def _bootstrap(errors: NDArray[np.float64], slots: NDArray[np.float64], seed: int) -> Interval:
    """Resample utterances, and take the percentiles of the ratio of sums."""
    rng = generator(seed, "live error")
    n = len(errors)
    rows = rng.integers(n, size=(RESAMPLES, n))
    ratios = np.sort(errors[rows].sum(axis=1) / slots[rows].sum(axis=1))
    rank = int((RESAMPLES + 1) * (1 - LEVEL) / 2 + 1e-9)
    return Interval(float(ratios[rank - 1]), float(ratios[-rank]))


def requests_of(project: Project) -> Requests | None:
    """Recall the requests that the latest round found on either side of the filter, for `missed`."""
    stored = project.store.fact(REQUESTS)
    return None if stored is None else Requests(*json.loads(stored))
