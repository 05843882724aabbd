"""How far a project is: what is annotated and by whom, how good the models became, and whether to go on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from canvass.annotation.project.creation import FEWEST_HELD_OUT, LEARNT, TEST
from canvass.annotation.quality.annotator_agreement import agreements
from canvass.annotation.quality.estimate import stored_estimates
from canvass.annotation.quality.stopping import suggestion
from canvass.annotation.store.leases import HANDED_OUT
from canvass.selection.seed_phrases import ENOUGH, lacking
from canvass.statistics import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.annotation.project.project import Project
    from canvass.annotation.quality.annotator_agreement import Agreement
    from canvass.annotation.quality.estimate import Estimate
    from canvass.annotation.quality.stopping import Suggestion
    from canvass.annotation.store.records import Answer, Round, State
    from canvass.statistics import Interval


@dataclass(frozen=True)
class Status:
    """What `canvass status` says.

    `labelled` and `test` count utterances, the target's in `labelled_target` and `test_target`. `accepted` tasks count
    as annotated: `frames` of the target, and negatives. `tasks` counts them by state, where those that were handed out
    in a file (`handed_out`) are no longer among the leased. `by_annotator` counts the answers that stand, skips left
    out, the most first. `curve` are the rounds that trained models, `last` the latest, successful or not. `answers` are
    those that stand, skips among them; `as_dict` leaves them out. `words`: of how many words and requests the word
    features are, their digest, and since when (`at`, seconds of the epoch); None without any. `missing` says in
    sentences what there is too little of, and what to do.
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
    by_annotator: dict[str, int]
    skips: int
    flagged: int
    curve: tuple[Round, ...]
    last: Round | None
    estimates: tuple[Estimate, ...]
    suggestion: Suggestion
    agreement: tuple[Agreement, ...]
    review: int
    words: dict[str, Any] | None
    missing: tuple[str, ...]
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

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__ if name != "answers"},
            "curve": [asdict(entry) for entry in self.curve],
            "last": self.last and asdict(self.last),
            "change": self.change,
            "estimates": [estimate.as_dict() for estimate in self.estimates],
            "held_out_interval": self.held_out_interval,
            "suggestion": self.suggestion._asdict(),
            "agreement": [pair._asdict() for pair in self.agreement],
        }


def status_of(project: Project) -> Status:
    """Read how far a project is; needs no model, and may be asked while people annotate."""
    store, target = project.store, project.target
    answers = store.answers()
    accepted = store.accepted()
    rounds = store.rounds()
    estimates = stored_estimates(project)
    handed_out = sum(task.holder == HANDED_OUT for task in store.tasks("leased"))
    counts = store.counts()
    learnt = store.fact(LEARNT)
    return Status(
        name=project.name,
        target=str(target),
        strategy=project.settings.project.strategy,
        labelled=len(project.labelled),
        labelled_target=sum(map(target.matches, project.labelled)),
        test=len(project.test),
        test_target=sum(map(target.matches, project.test)),
        accepted=len(accepted),
        frames=sum(answer.kind == "frame" for _, answer in accepted),
        tasks={**counts, "leased": counts["leased"] - handed_out},
        handed_out=handed_out,
        by_annotator=_by_annotator(answers),
        skips=sum(answer.kind == "skip" for answer in answers),
        flagged=sum(answer.flagged for answer in answers),
        curve=tuple(entry for entry in rounds if not entry.failure),
        last=rounds[-1] if rounds else None,
        estimates=estimates,
        suggestion=suggestion(rounds, estimates[0]),
        agreement=tuple(agreements(answers)),
        review=len(store.review()),
        words=None if learnt is None else json.loads(learnt),
        missing=tuple(missing_in(project)),
        answers=tuple(answers),
    )


def missing_in(project: Project) -> list[str]:
    """Say what a project has too little of, and what to do."""
    missing = []
    counts = lacking(project.annotated(), project.target) if project.settings.project.seed_phrases else None
    if counts is not None:
        missing.append(
            f"no model chooses yet: {counts[0]} requests of {project.target} and {counts[1]} others are annotated, and "
            f"{ENOUGH} of each are needed; until then tasks match the seed phrases or are drawn at random"
        )
    if not any(map(project.target.matches, project.test)):
        missing.append(
            f"there is no test set, and no error curve, since a fifth of LABELLED has fewer than {FEWEST_HELD_OUT} "
            f"requests of {project.target}; put some annotated ones into {project.folder / TEST}, or go by the "
            "estimates, which come from the random picks"
        )
    return missing


def _by_annotator(answers: Sequence[Answer]) -> dict[str, int]:
    counts = Counter(answer.annotator for answer in answers if answer.kind != "skip")
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
