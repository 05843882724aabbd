"""How far a project is: what is annotated, by whom, how far they agree, how good models are, whether to go on."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

from canvass.annotation.project.creation import FEWEST_HELD_OUT, LEARNT, TEST
from canvass.annotation.project.project import Project
from canvass.annotation.quality.assistant_error import AssistantError, assistant_errors
from canvass.annotation.quality.estimate import Estimate, stored_estimates
from canvass.annotation.quality.stopping import Suggestion, suggestion
from canvass.annotation.store.records import HANDED_OUT, Answer, Round, State
from canvass.annotation.store.task_store import REVIEWED
from canvass.annotation.store.tasks import counts
from canvass.errors import plural
from canvass.selection.seed_phrases import ENOUGH, lacking
from canvass.statistics import Interval, cohens_kappa, wilson_interval
from canvass.types import ALL

MORE = 100  # answers, of which the forecast tells
FEWEST_ROUNDS = 3
OUT_OF_TARGET = ("elsewhere",)  # no intent: these are strings


class Agreement(NamedTuple):
    """How far annotators `a` and `b` agree on the `n` tasks that both answered.

    `kappa` is Cohen's, on intents, "not of the target" being one more; None where it can tell nothing. `span_f1` is
    that of slots which are equal in start, end and label, on the `frames` tasks that both take for the target; 1 where
    neither marks any, None where there are no such tasks.
    """

    a: str
    b: str
    kappa: float | None
    span_f1: float | None
    n: int
    frames: int


class Annotator(NamedTuple):
    """What one annotator did: the answers that stand, the median of seconds an answer, and agreement with the others.

    `agreement` is the mean of the kappas with each of the others, weighted by the tasks that both answered; None, as
    `seconds`, where there is nothing to go by.
    """

    name: str
    answers: int
    seconds: float | None
    agreement: float | None


class Forecast(NamedTuple):
    """What `MORE` more answers bring, if it goes on as so far: the error rate, and the seconds of one person's time.

    The rate is that of a power law through the error rates of all rounds (least squares of the logarithms).
    """

    more: int
    slot_error_rate: float
    seconds: float | None


@dataclass(frozen=True)
class Status:
    """What `canvass status` says.

    `labelled` and `test` count utterances, the target's in `labelled_target` and `test_target`. `accepted` tasks count
    as annotated: `frames` of the target, and negatives. `tasks` counts them by state, where those that were handed out
    in a file (`handed_out`) are no longer among the leased. `curve` are the rounds that trained models, `last` the
    latest, successful or not. `answers` are those of people that stand, skips among them; `as_dict` leaves them out.
    `words`: of how many words and requests the word features are, their digest, and since when (`at`, seconds of the
    epoch); None without any. `missing` says in sentences what there is too little of, and what to do. `forecast` is
    None before three rounds, and where the error has not fallen. `assistants` says how wrong the suggestions of each
    are. Without `annotates_slots` the slot error rate is that of the intents. `review` is None where nobody has looked
    yet: neither the page nor canvass check.
    """

    name: str
    target: str
    strategy: str
    labelled: int
    labelled_target: int
    test: int
    test_target: int
    accepted: int
    frames: int
    tasks: dict[State, int]
    handed_out: int
    skips: int
    flagged: int
    curve: tuple[Round, ...]
    last: Round | None
    estimates: tuple[Estimate, ...]
    suggestion: Suggestion
    agreement: tuple[Agreement, ...]
    review: int | None
    words: dict[str, Any] | None
    missing: tuple[str, ...]
    annotators: tuple[Annotator, ...]
    forecast: Forecast | None
    assistants: tuple[AssistantError, ...]
    annotates_slots: bool
    answers: tuple[Answer, ...] = field(repr=False)

    @property
    def change(self) -> float | None:
        """How much the last answers moved the slot error rate: of the newest models, less that of those before."""
        known = [entry.slot_error_rate for entry in self.curve if entry.slot_error_rate is not None]
        return None if len(known) < 2 else known[-1] - known[-2]  # noqa: PLR2004 - the last two

    @property
    def held_out_interval(self) -> Interval | None:
        """A 95 % interval of the newest slot error rate on the test set, as wide as if each utterance were one slot."""
        known = [entry for entry in self.curve if entry.slot_error_rate is not None and entry.held_out]
        if not known or known[-1].slot_error_rate is None:
            return None
        rate, n = known[-1].slot_error_rate, known[-1].held_out
        return wilson_interval(min(rate, 1.0) * n, n)

    @property
    def outside(self) -> str:
        """Say what becomes of answers that a request belongs nowhere; empty without any, or where there is a rest."""
        count = self.accepted - self.frames
        if self.target != ALL or not count:
            return ""
        return (
            f"{plural(count, 'answer says', 'answers say')} that a request belongs nowhere: models learn from these "
            "what is out of scope, choose less of it, and never predict it"
        )

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__ if name != "answers"},
            "curve": [asdict(entry) for entry in self.curve],
            "last": self.last and asdict(self.last),
            "change": self.change,
            "estimates": [estimate.as_dict() for estimate in self.estimates],
            "held_out_interval": self.held_out_interval,
            "outside": self.outside,
            "suggestion": self.suggestion._asdict(),
            "agreement": [pair._asdict() for pair in self.agreement],
            "by_annotator": {annotator.name: annotator.answers for annotator in self.annotators},
            "annotators": [annotator._asdict() for annotator in self.annotators],
            "forecast": self.forecast and self.forecast._asdict(),
            "assistants": [error.as_dict() for error in self.assistants],
        }


def status_of(project: Project) -> Status:
    """Read how far a project is; needs no model, and may be asked while people annotate."""
    store, target = project.store, project.target
    every = store.answers()
    answers = [answer for answer in every if not answer.alone]
    rounds = store.rounds()
    estimates = stored_estimates(project)
    states = store.states()
    # As `Store.accepted`, from the answers that are here already.
    accepted = {answer.task: answer.kind for answer in every if counts(answer, states[answer.task])}
    handed_out = sum(task.holder == HANDED_OUT for task in store.tasks("leased"))
    by_state = store.counts()
    learnt = store.fact(LEARNT)
    curve = tuple(entry for entry in rounds if not entry.failure)
    pairs = agreements(answers)
    annotators = _annotators(answers, pairs)
    return Status(
        name=project.name,
        target=str(target),
        strategy=project.settings.project.strategy,
        labelled=len(project.labelled),
        labelled_target=sum(map(target.matches, project.labelled)),
        test=len(project.test),
        test_target=sum(map(target.matches, project.test)),
        accepted=len(accepted),
        frames=sum(kind == "frame" for kind in accepted.values()),
        tasks={**by_state, "leased": by_state["leased"] - handed_out},
        handed_out=handed_out,
        skips=sum(answer.kind == "skip" for answer in answers),
        flagged=sum(answer.flagged for answer in answers),
        curve=curve,
        last=rounds[-1] if rounds else None,
        estimates=estimates,
        suggestion=suggestion(rounds, estimates[0]),
        agreement=tuple(pairs),
        review=None if store.fact(REVIEWED) is None else len(store.review()),
        words=None if learnt is None else json.loads(learnt),
        missing=tuple(missing_in(project)),
        annotators=annotators,
        forecast=forecast(curve, median_seconds(answers)),
        assistants=tuple(assistant_errors(every)),
        annotates_slots=project.annotates_slots,
        answers=tuple(answers),
    )


def missing_in(project: Project) -> list[str]:
    """Say what a project has too little of, and what to do."""
    missing = []
    few = lacking(project.annotated(), project.target) if project.settings.project.seed_phrases else None
    if few is not None:
        missing.append(
            f"no model chooses yet: {few[0]} requests of {project.target} and {few[1]} others are annotated, and "
            f"{ENOUGH} of each are needed; until then tasks match the seed phrases or are drawn at random"
        )
    if not any(map(project.target.matches, project.test)):
        missing.append(
            f"there is no test set, and no error curve, since a fifth of LABELLED has fewer than {FEWEST_HELD_OUT} "
            f"requests of {project.target}; put some annotated ones into {project.folder / TEST}, or go by the "
            "estimates, which come from the random picks"
        )
    return missing


def _annotators(answers: Sequence[Answer], pairs: Sequence[Agreement]) -> tuple[Annotator, ...]:
    """List who answered, the most first."""
    by_name: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.kind != "skip":
            by_name[answer.annotator].append(answer)
    found = []
    for name, given in by_name.items():
        kappas = [(pair.kappa, pair.n) for pair in pairs if name in pair[:2] and pair.kappa is not None]
        shared = sum(n for _, n in kappas)
        agreement = sum(kappa * n for kappa, n in kappas) / shared if shared else None
        found.append(Annotator(name, len(given), median_seconds(given), agreement))
    return tuple(sorted(found, key=lambda annotator: (-annotator.answers, annotator.name)))


def median_seconds(answers: Sequence[Answer]) -> float | None:
    """Give the median of seconds an answer; one from a file took nobody knows how long."""
    seconds = [answer.seconds for answer in answers if answer.seconds > 0 and answer.kind != "skip"]
    return statistics.median(seconds) if seconds else None


def forecast(curve: Sequence[Round], seconds: float | None) -> Forecast | None:
    """Project the error rate of the rounds to `MORE` more answers, each of which takes so many seconds."""
    points = [
        (math.log(entry.target_labelled), math.log(entry.slot_error_rate))
        for entry in curve
        if entry.slot_error_rate and entry.target_labelled
    ]
    if len({x for x, _ in points}) < FEWEST_ROUNDS:
        return None
    slope, intercept = statistics.linear_regression(*zip(*points, strict=True))
    if slope >= 0:
        return None
    labelled = max(entry.target_labelled for entry in curve) + MORE
    rate = math.exp(intercept + slope * math.log(labelled))
    return Forecast(MORE, rate, None if seconds is None else MORE * seconds)


def agreements(answers: Iterable[Answer]) -> list[Agreement]:
    """Compare every pair of annotators, in the order of their names.

    Answers that were replaced, that pass, or that end a dispute are left out: the last are given in view of the others.
    So are copies, which nobody gave for the text itself.
    """
    by_task: defaultdict[int, dict[str, Answer]] = defaultdict(dict)
    for answer in answers:
        if answer.current and answer.kind != "skip" and not answer.adjudicates and answer.copies is None:
            by_task[answer.task][answer.annotator] = answer
    pairs: defaultdict[tuple[str, str], list[tuple[Answer, Answer]]] = defaultdict(list)
    for said in by_task.values():
        for a, b in combinations(sorted(said), 2):
            pairs[a, b].append((said[a], said[b]))
    return [_compare(*names, both) for names, both in sorted(pairs.items())]


def _compare(a: str, b: str, both: list[tuple[Answer, Answer]]) -> Agreement:
    kappa = cohens_kappa([_intent(answer) for answer, _ in both], [_intent(other) for _, other in both])
    frames = [(answer, other) for answer, other in both if answer.kind == other.kind == "frame"]
    spans = [(set(answer.slots or ()), set(other.slots or ())) for answer, other in frames]
    marked = sum(len(slots) + len(other) for slots, other in spans)
    equal = sum(len(slots & other) for slots, other in spans)
    span_f1 = None if not frames else 2 * equal / marked if marked else 1.0
    return Agreement(a, b, kappa, span_f1, len(both), len(frames))


def _intent(answer: Answer) -> object:
    return OUT_OF_TARGET if answer.kind == "elsewhere" else answer.intent
