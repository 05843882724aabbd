"""One round: train on all annotations, measure, choose from the pool; and how its result is stored."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from canvass.annotation.project.project import Project, open_pool
from canvass.annotation.project.settings import with_changes
from canvass.annotation.quality.estimate import (
    ESTIMATES,
    REQUESTS,
    STRATA,
    Control,
    estimates_of,
    requests_of,
    score_picks,
)
from canvass.annotation.quality.stopping import STEP, Reference, agreement, decide
from canvass.annotation.rounds.choosing import Choosing
from canvass.annotation.rounds.conversations import find_turns
from canvass.annotation.rounds.round_models import Models, predict, seed_of_round, train_models
from canvass.annotation.store.records import NewTask, Round, Turns
from canvass.clock import Clock
from canvass.corpus.normalise import key_of
from canvass.errors import CanvassError
from canvass.evaluation import HeldOut
from canvass.metrics import Scores, score
from canvass.selection.engines.threads import Threads
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.frequencies import Frequencies
from canvass.selection.job import Job
from canvass.selection.seed_phrases import untrained
from canvass.types import Utterance

Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)

STOP_SET = "stop set"
REFERENCE = "stop reference"
TOO_LONG = "too long"  # a fact: how many rows of the pool have more tokens than max_tokens


@dataclass(frozen=True)
class RoundResult:
    """What a round found. `facts` are what the next one needs from the store; `seconds` are by phase.

    `tasks` are in the order of the queue, `controls` were drawn at random beside them. `agreement` is the kappa with
    the reference models, None where they are fewer than `stopping.STEP` answers away. `message` says why there are no
    tasks, or what to know of them.
    """

    number: int
    tasks: tuple[NewTask, ...]
    labelled: tuple[Utterance, ...]
    models: Models = field(compare=False, repr=False)
    scores: Scores | None
    agreement: float | None
    message: str
    facts: dict[str, str]
    seconds: dict[str, float] = field(compare=False, repr=False)
    controls: tuple[Control, ...] = field(default=(), compare=False, repr=False)


class Rounds:
    """The rounds of a project; what does not change is kept for the next: the counters of the pool, the test set."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._frequencies: Frequencies | None = None
        self._test: tuple[Utterance, ...] | None = None
        self._held_out: HeldOut | None = None
        self._turns: dict[str, Turns] = {}  # of the latest queue, by key
        self._told: set[str] = set()

    def run(
        self, number: int, *, answers: int, threads: int | None = None, progress: Progress | None = None
    ) -> RoundResult:
        """Play round `number`, after so many answers: train, measure, choose. Reads the store, and writes nothing.

        `progress` is called after each block of the pool, and may raise to end the work.

        Raises CanvassError if the annotations cannot train the models, or the pool cannot be read.
        """
        project, clock = self._project, Clock(time.perf_counter)
        labelled = tuple(project.annotated())
        excluded = ExcludedKeys(project.given.keys | project.store.keys(free=False))
        done = project.store.done()
        clock.stop("read the store")
        seed = seed_of_round(project.settings.project.seed, number)
        strategy = project.settings.project.strategy
        seeds = project.seeds(labelled)
        if seeds is None:
            models = train_models(labelled, project.target, strategy, seed=seed, words=project.words)
        else:
            nothing = untrained(project.target, sum(map(project.target.matches, labelled)))
            models = Models(nothing, nothing)
        clock.stop("train")
        scores = self._measure(models)
        clock.stop("measure")
        stop_set = project.store.fact(STOP_SET)
        choosing = Choosing(project.settings, models, excluded, seed, seeds, project.scorer())
        controls = stop_set is None or any(source in done for source in STRATA)
        if self._frequencies is None and choosing.draws(controls=controls):
            self._frequencies = Frequencies.of_pool(project.pool(), progress=progress)
        clock.stop("count the pool")
        plans = choosing.plans(self._frequencies, controls=controls)
        result = Threads(threads).run(Job(plans, project.pool()), progress)
        chosen = choosing.finish(plans, result.partials)
        clock.stop("choose")
        facts = {TOO_LONG: str(chosen.too_long)}
        if stop_set is None and plans.samples:
            facts[STOP_SET] = stop_set = json.dumps(
                [control.text for control in chosen.controls], ensure_ascii=False
            )
        mixed = self._with_turns(choosing.mixed(chosen, done), progress)
        predictions = predict(
            models.reference,
            [task.text for task in mixed],
            [chosen.answers.get(task.key) for task in mixed],
            number=number,
            domain_of_intent=project.given.domain_of_intent,
        )
        tasks = tuple(
            replace(task, prediction=prediction) for task, prediction in zip(mixed, predictions, strict=True)
        )
        clock.stop("make tasks")
        kappa = self._compare(models, answers, json.loads(stop_set or "[]"), facts)
        if chosen.requests is not None:
            facts[REQUESTS] = json.dumps({**requests_of(project), number: chosen.requests})
        clock.stop("compare")
        return RoundResult(
            number,
            tasks,
            labelled,
            models,
            scores,
            kappa,
            chosen.message,
            facts,
            clock.seconds,
            tuple(chosen.controls),
        )

    def _with_turns(self, tasks: Sequence[NewTask], progress: Progress | None) -> list[NewTask]:
        """Add what stands around requests in their conversations; what is wrong there is told once and ends nothing."""
        project = self._project
        # Turns that are not chosen from may lack what a request must have, such as the score of a model.
        all_rows = with_changes(
            project.settings, "project", where="", skip_bad=sys.maxsize, strategy="random"
        )
        try:
            self._turns, notes = find_turns(
                tasks,
                project.settings.columns,
                lambda: open_pool(all_rows, project.folder),
                self._turns,
                progress or (lambda _rows, _consumed: None),
            )
        except CanvassError as error:
            notes = [f"the turns around requests cannot be shown: {error}"]
        for note in notes:
            if note not in self._told:
                self._told.add(note)
                logger.warning("%s", note)
        return [replace(task, turns=self._turns.get(task.key)) for task in tasks]

    def _measure(self, models: Models) -> Scores | None:
        """Count errors on the test set; None without one, and where nothing can be predicted."""
        test = self._project.test
        if not test or not models.reference.can_predict:
            return None
        if self._held_out is None or self._test is not test:  # also after its labels have changed
            self._test, self._held_out = test, HeldOut.of(test, self._project.target)
        return score(self._held_out.count(models.reference.predict(self._held_out.texts)))

    def _compare(
        self, models: Models, answers: int, texts: Sequence[str], facts: dict[str, str]
    ) -> float | None:
        """Compare with the reference models, and take their place, if there are answers enough between them."""
        if not texts or not models.reference.can_predict:
            return None
        stored = self._project.store.fact(REFERENCE)
        before = None if stored is None else Reference.from_text(stored, self._project.store.names())
        if before is not None and answers < before.answers + STEP:
            return None
        now = decide(models.reference, texts)
        facts[REFERENCE] = Reference(answers, now).to_text()
        return None if before is None else agreement(before.decisions, now)


def save_round(project: Project, result: RoundResult, *, answers: int, at: float, seconds: float) -> None:
    """Swap the queue for the one of a round, and add the round to the curve.

    So many `answers` counted when it began; it ended `at` (seconds of the epoch), and took so many `seconds`.
    """
    store, scores = project.store, result.scores
    store.swap(result.tasks, round=result.number)
    for name, value in result.facts.items():
        store.set_fact(name, value)
    store.add_round(
        Round(
            number=result.number,
            at=at,
            answers=answers,
            labelled=len(result.labelled),
            target_labelled=sum(map(project.target.matches, result.labelled)),
            slot_error_rate=None if scores is None else scores.slot_error_rate,
            intent_error=None if scores is None else scores.intent_error_rate,
            span_f1=None if scores is None else scores.span_f1,
            held_out=0 if scores is None else scores.utterances,
            agreement=result.agreement,
            seconds=seconds,
        )
    )


def save_estimates(
    project: Project, result: RoundResult, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Estimate how wrong the models of a saved round are, from all random picks.

    It trains each fold's models, so it is done while people go on. `stopped` ends it early, and nothing is written.
    """
    learnt = {key_of(utterance.text) for utterance in result.labelled}
    scored = score_picks(
        # An answer newer than the models waits for the next.
        [(task, answer) for task, answer in project.store.accepted() if task.key in learnt],
        result.labelled,
        project.target,
        result.controls,
        requests_of(project),
        seed=project.settings.project.seed,
        words=project.words,
        stopped=stopped,
    )
    if not stopped():
        project.store.set_fact(ESTIMATES, json.dumps([asdict(each) for each in estimates_of(scored)]))


def answered(project: Project) -> int:
    """Count the tasks whose answers count."""
    counts = project.store.counts()
    return counts["answered"] + counts["closed"]
