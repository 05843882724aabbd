"""The records of annotation: tasks, predictions as they were shown, and answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from canvass.types import Slot, Why

State = Literal["open", "leased", "answered", "skipped", "disputed", "closed"]
Source = Literal["selected", "random", "outside", "handed out", "imported"]
AnswerKind = Literal["frame", "elsewhere", "skip"]
ALONE = "assistant:"  # begins the annotator of what an assistant answered alone; its name follows
# Holds what was handed out in a file: to nobody in particular, and without an end (the last second of the year 9999).
HANDED_OUT, FOREVER = "handed out", 253402300799.0


@dataclass(frozen=True, slots=True)
class TaskPrediction:
    """What the models thought of an utterance before anyone annotated it.

    `round` says after how many trainings (0: the first models). `certainty` holds, for each token, its (start, end) in
    the text and the marginal probability of its tag. `positive` is what the committee said: of the target or not (None
    without a committee). `likeliest` are intents with their probabilities, the likeliest first; `alternatives` the
    slots that are likeliest after `slots`. `by` names the assistant whose suggestion it is, empty for the models; a
    `hidden` one is kept from people, to measure how wrong it is. `agreed`: assistant and models were sure of the same.
    """

    round: int
    domain: str | None
    intent: str | None
    intent_probability: float
    slots: tuple[Slot, ...]
    confidence: float
    certainty: tuple[tuple[int, int, float], ...] = ()
    positive: bool | None = None
    likeliest: tuple[tuple[str, float], ...] = ()
    alternatives: tuple[tuple[tuple[Slot, ...], float], ...] = ()
    by: str = ""
    hidden: bool = False
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an utterance was chosen: the fields of `canvass.types.Candidate` that the page shows."""

    strategy: str
    rank: int
    score: float
    why: Why
    members: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turns:
    """What stands `before` and `after` a request in its conversation: the nearest turns, in their order.

    `earlier` and `later` count those that are further away, and not kept.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    earlier: int = 0
    later: int = 0


@dataclass(frozen=True, slots=True)
class NewTask:
    """An utterance for people to annotate, before the store has given it a number.

    `priority` orders the queue, the smallest first. `wanted` is how many people shall answer it. A task of source
    `random` or `outside` is shown without its prediction, which would anchor the annotator; `weight` is what it counts
    in the estimate it was drawn for (how often the utterance was seen). `others` is what the other columns of the pool
    hold; `turns` are None where it has no conversation.
    """

    key: str
    text: str
    utterance: str
    count: int
    source: Source
    priority: float
    prediction: TaskPrediction | None = None
    reason: Reason | None = None
    wanted: int = 1
    weight: float = 1.0
    others: dict[str, Any] = field(default_factory=dict)
    turns: Turns | None = None


@dataclass(frozen=True, slots=True)
class Task(NewTask):
    """A task of the store: its number, its state, and who holds it until when (seconds of the epoch)."""

    id: int = 0
    state: State = "open"
    holder: str | None = None
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What a person said of a task; `id` is made by the page, and makes a second sending of the same answer harmless.

    `kind`: `frame` says domain, intent and slots; `elsewhere` says that the utterance is not of the target (`domain`
    and `intent` name where it belongs, if known); `skip` says nothing. `replaces` names the answer that this one
    corrects; the old one is kept. `adjudicates` marks the word that ends a dispute. `seconds` is how long the
    utterance was in view; `shown` is the prediction that was in view, None where none was shown. `copies` is the id of
    the answer to a near duplicate that was given here, too, unseen; None for any other.
    """

    id: str
    task: int
    annotator: str
    kind: AnswerKind
    domain: str | None = None
    intent: str | None = None
    slots: tuple[Slot, ...] | None = None
    flagged: bool = False
    note: str = ""
    seconds: float = 0.0
    replaces: str | None = None
    adjudicates: bool = False
    shown: TaskPrediction | None = None
    copies: str | None = None

    @property
    def alone(self) -> bool:
        """Whether an assistant gave it, and no person."""
        return self.annotator.startswith(ALONE)

    @property
    def said(self) -> tuple[object, ...]:
        """What it says of its utterance, in whatever order its slots are."""
        slots = None if self.slots is None else tuple(sorted(self.slots))
        return self.kind, self.domain, self.intent, slots


@dataclass(frozen=True, slots=True)
class Answer(NewAnswer):
    """An answer of the store: what was said, and what is known of it.

    `at` is when it was written (seconds of the epoch), `sequence` its place in the order of all answers, `prediction`
    what the models thought before it (also where it was not shown). It is `current` until a later answer takes its
    place.
    """

    at: float = 0.0
    sequence: int = 0
    prediction: TaskPrediction | None = None
    current: bool = True


class Saved(NamedTuple):
    """What became of an answer: as it is stored, the state of its task, and whether it had been stored before."""

    answer: Answer
    state: State
    repeated: bool


class Tally(NamedTuple):
    """What one annotator has done: answers ever and since today began, and the median of their seconds today."""

    answered: int
    answered_today: int
    seconds_per_answer: float | None


@dataclass(frozen=True, slots=True)
class Round:
    """One training and selection, and how good its models were.

    `at` is when it ended (seconds of the epoch), `seconds` how long it took. `answers` is how many answers counted,
    `labelled` how many annotated utterances the models had, `target_labelled` those of the target among them.
    `held_out` is how many utterances the errors were measured on. `agreement` is Cohen's kappa with the predictions of
    the round before, on a fixed stop set. `failure` is the sentence that says why there are no new models, or "".
    """

    number: int
    at: float
    answers: int
    labelled: int
    target_labelled: int
    slot_error_rate: float | None = None
    intent_error: float | None = None
    span_f1: float | None = None
    held_out: int = 0
    agreement: float | None = None
    seconds: float = 0.0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """Answers that deserve a second look.

    `contradicted`: the models, trained without it, are sure of something else (with `probability`). `twins`: texts that
    are equal, or nearly so, were answered differently. `flagged`: somebody flagged it or left a note. `words` says so
    in a sentence.
    """

    kind: Literal["contradicted", "twins", "flagged"]
    tasks: tuple[int, ...]
    text: str
    words: str
    probability: float


@dataclass(frozen=True, slots=True)
class Label:
    """An intent or a slot label that was added while annotating: by whom and when (seconds of the epoch)."""

    kind: Literal["intent", "slot"]
    name: str
    description: str
    annotator: str
    at: float
