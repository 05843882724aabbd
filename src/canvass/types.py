"""The records that all layers share, and the shape letters.

Shape letters, one meaning everywhere: N utterances, M members of the committee, F hashed features (2^bits),
T tokens of an utterance, L BIO tags, K targets.

Offsets are Unicode code points into the text as it was written, end exclusive.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from canvass.errors import OptionError

Why = Literal["filter", "fill", "match", "near"]

ALL = "all"
FEWEST = "fewest"
TARGET_WORDS = "domain:NAME, intent:NAME, intent:A,B,C, fewest:K or all"
# As a domain: of none that anybody named. A negative of every target; out of scope where the target is `all`.
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A labelled span of an utterance's text."""

    start: int
    end: int
    label: str


def slot_records(slots: Iterable[Slot] | None) -> list[dict[str, Any]] | None:
    """Convert slots to the records of files; None, for not annotated, stays None.

    >>> slot_records([Slot(5, 9, "genre")])
    [{'start': 5, 'end': 9, 'label': 'genre'}]
    """
    if slots is None:
        return None
    return [{"start": slot.start, "end": slot.end, "label": slot.label} for slot in slots]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One short request, with whatever annotations it has.

    `slots` is None where slots are not annotated (the utterance then serves as a negative only), and an empty tuple
    where they are annotated and there are none.
    """

    text: str
    id: str | None = None
    count: int = 1
    domain: str | None = None
    intent: str | None = None
    slots: tuple[Slot, ...] | None = None
    split: str | None = None


class Frame(NamedTuple):
    """What somebody said of a text: slots are (start, end, label), and there are none where it is not of the target."""

    of_target: bool
    intent: str | None
    slots: frozenset[tuple[int, int, str]]

    @classmethod
    def of(cls, intent: str | None, slots: Iterable[Slot] | None, *, of_target: bool) -> Frame:
        """Make the frame of what was said; what it says beside that it is not of the target does not matter."""
        if not of_target:
            return cls(False, None, frozenset())
        return cls(True, intent, frozenset((slot.start, slot.end, slot.label) for slot in slots or ()))


@dataclass(frozen=True, slots=True)
class Target:
    r"""What the annotation budget is spent on: a domain, an intent or several, those with the fewest examples, or all.

    `name` is the domain, the intent, or K of `fewest:K`; `others` are the other intents of a list, which is sorted. A
    target of `fewest` matches nothing before `resolved` has made a list of it.

    >>> Target.parse("domain:music")
    Target(kind='domain', name='music', others=())
    >>> Target.parse("intent:Play,Stop") == Target.parse("intent:Stop,Play") == Target("intent", "Play", ("Stop",))
    True
    >>> str(Target.parse(r"intent:Yes\, please,Stop")), str(Target.parse("all"))
    ('intent:Stop,Yes\\, please', 'all')
    """

    kind: Literal["domain", "intent", "fewest", "all"]
    name: str = ""
    others: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: str) -> Target:
        r"""Read `domain:NAME`, `intent:NAME`, `intent:A,B,C`, `fewest:K` or `all`; raises OptionError for other words.

        A comma that belongs to the name of an intent is written `\,`; that of a domain needs no such care.
        """
        kind, colon, name = words.partition(":")
        if words == ALL:
            return cls("all")
        if colon and name and kind == "domain":
            return cls("domain", name)
        if colon and name and kind == "intent":
            return cls._of_intents(words, [part.replace(r"\,", ",") for part in re.split(r"(?<!\\),", name)])
        if kind == FEWEST and re.fullmatch("[1-9][0-9]{0,8}", name):
            return cls("fewest", name)
        raise OptionError(f"--target {words!r} is not a target; write {TARGET_WORDS}")

    @classmethod
    def _of_intents(cls, words: str, names: list[str]) -> Target:
        """Make the target of a list of intents; blanks around its commas are dropped."""
        if len(names) > 1:
            names = sorted(name.strip() for name in names)
        if not all(names):
            raise OptionError(
                f"--target {words!r} has a comma without an intent beside it; write intent:A,B, or \\, for a comma "
                "that belongs to a name"
            )
        if twice := next((name for name, after in pairwise(names) if name == after), None):
            raise OptionError(f"--target {words!r} names {twice!r} twice; name each intent once")
        return cls("intent", names[0], tuple(names[1:]))

    @property
    def intents(self) -> tuple[str, ...]:
        """The intents that are named; none of a domain, and none of all."""
        return (self.name, *self.others) if self.kind == "intent" else ()

    @property
    def only_intent(self) -> str | None:
        """The intent that all its utterances have, where the target says it."""
        return self.name if self.kind == "intent" and not self.others else None

    def resolved(self, labelled: Iterable[Utterance]) -> Target:
        """Name the intents of `fewest:K`, those with the fewest labelled examples (at least one); ties go by name.

        Any other target is returned as it is. Raises OptionError if there are not more than K intents.
        """
        if self.kind != FEWEST:
            return self
        counts = Counter(
            utterance.intent
            for utterance in labelled
            if utterance.intent is not None and utterance.domain != ELSEWHERE
        )
        if len(counts) <= int(self.name):
            raise OptionError(
                f"--target {self} needs more than {self.name} intents with labelled examples, since the others are "
                f"what they are told from, and there are {len(counts)}; ask for fewer, or take --target all"
            )
        names = sorted(counts, key=lambda name: (counts[name], name))[: int(self.name)]
        return self._of_intents(str(self), names)

    def matches(self, utterance: Utterance) -> bool:
        """Whether an annotated utterance belongs to the target; raises OptionError if it is not `resolved`."""
        if self.kind == "domain":
            return utterance.domain == self.name
        if self.kind == "intent":
            return utterance.intent == self.name or utterance.intent in self.others
        if self.kind == FEWEST:
            raise OptionError(
                f"the intents of {self} are not known yet; call Target.resolved with labelled requests"
            )
        return utterance.domain != ELSEWHERE

    def __str__(self) -> str:
        if self.kind == "intent":
            return f"intent:{','.join(name.replace(',', chr(92) + ',') for name in self.intents)}"
        return ALL if self.kind == ALL else f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the models think an utterance means.

    `confidence` is p_crf, the probability of the best tag sequence; `certainty` holds, for each token, its
    (start, end) in the text and the marginal probability of the tag it was given. Without a tagger it is not
    `tagged`: then there are no slots, and the confidence is 1.
    """

    intent: str | None
    intent_probability: float
    slots: tuple[Slot, ...]
    confidence: float
    certainty: tuple[tuple[int, int, float], ...] = ()
    tagged: bool = True


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What another model than ours thinks an utterance means.

    It says nothing of the intent where `intent_probability` is None, and nothing of slots where `slots` is None.
    """

    intent: str | None = None
    intent_probability: float | None = None
    slots: tuple[Slot, ...] | None = None
    slots_probability: float | None = None

    def over(self, ours: Prediction | None) -> Prediction:
        """Put it in the place of our prediction, as far as it goes.

        >>> ours = Prediction("Stop", 0.6, (Slot(0, 4, "x"),), 0.5)
        >>> ModelAnswer("Play", 0.9).over(ours)
        Prediction(intent='Play', intent_probability=0.9, slots=(Slot(start=0, end=4, label='x'),), confidence=0.5, \
certainty=(), tagged=True)
        """
        said = ours or Prediction(None, 1.0, (), 1.0, tagged=False)
        if self.intent_probability is not None:
            said = replace(said, intent=self.intent, intent_probability=self.intent_probability)
        if self.slots is not None:
            confidence = 1.0 if self.slots_probability is None else self.slots_probability
            said = replace(said, slots=self.slots, confidence=confidence, certainty=(), tagged=True)
        return said


@dataclass(frozen=True, slots=True)
class Candidate:
    """One chosen utterance of a batch, with the reasons.

    `score` is the strategy's score (the smallest is annotated first); for a `fill` it is abs(y_lg). `why` is "filter"
    or "fill"; of a choice by phrases, "match" (it has the words of one) or "near".
    `members` maps the name of each member to its raw score y_m; it is empty where there is no committee.
    `prediction` is None where the labelled set could train neither intents nor a tagger. `also_for` names the other
    targets whose batches hold the same key, where several were asked for at once. `answer` is that of another model,
    which the prediction shows in the place of ours. `others` is what the other columns of the pool hold.
    """

    rank: int
    id: str
    text: str
    key: str
    count: int
    score: float
    members: dict[str, float]
    prediction: Prediction | None
    why: Why
    strategy: str
    target: str
    also_for: tuple[str, ...] | None = None
    answer: ModelAnswer | None = None
    others: dict[str, Any] = field(default_factory=dict)
