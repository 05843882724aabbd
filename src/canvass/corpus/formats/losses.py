"""What is not kept of files: what a conversion cannot carry, by kind, with the first example; and bad lines.

The rule: whatever stands in a file and does not come out is told, with a count and the first place. The exception is
`NO_ANNOTATION`: fields that tell who, when and how; they are named, but refuse nothing.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from canvass.corpus.formats.column_names import Columns
from canvass.errors import InputError, OptionError, shown
from canvass.types import Utterance

LOGGER = logging.getLogger(__name__)
Utterances = Iterator[tuple[str, Utterance]]
"""What a reader yields of an annotated file: where an utterance stands, for sentences, and the utterance."""


class Located(Protocol):
    """Something of a file that knows where it stands."""

    @property
    def where(self) -> str:
        """File and line, or place in a document, as sentences say it."""


Part = TypeVar("Part", bound=Located)

# What `carries` of a format may name, and what a file is without it. "unannotated" is the difference between slots
# that nobody annotated (None) and none found (an empty tuple); a format that lacks it, but has slots, gives the latter.
FIELDS: dict[str, Any] = {
    "id": None,
    "count": 1,
    "domain": None,
    "intent": None,
    "slots": None,
    "split": None,
}
UNANNOTATED = "unannotated"


def names_in(words: str) -> frozenset[str]:
    """Make a set of the names in a text, between white space."""
    return frozenset(words.split())


# Names of fields, in lower case, that hold no annotation of a request: identities, moments, people, and tokens, which
# the text has anyway. docs/formats.md lists them for users. "" and "unnamed: 0" are what pandas calls its row numbers.
NO_ANNOTATION = {"", "unnamed: 0"} | names_in("""
    index idx _id uid uuid guid id_str external_id sent_id
    created_at updated_at timestamp modified_at lead_time
    annotator annotator_id annotation_id annotation_approver worker_id user user_id
    tokens words token_ids meta metadata source language lang locale
    _input_hash _task_hash _session_id _view_id _annotator_id _timestamp _is_binary
""")
# Of the documents of tools: how the tool is set up, and what it counts or numbers for itself.
SETTINGS = names_in("""
    id identifier name description desc labels checksum lastupdate updated
    version versionid schemaversion projectfileversion projectkind luis_schema_version
    culture languagecode locale settings tokenizerversion compositionsetting
    auto isauto userdefined priority isfallback fallbackintent numtrainingphrases
    webhookused webhookforslotfilling invocationname childdirected voiceid
    automatically_extensible use_synonyms matching_strictness parser_threshold
""")
# What a batch of canvass's own says of its requests: why each was chosen, and what the models guess.
BATCH_MARKS = names_in("rank strategy why")
OF_BATCHES = BATCH_MARKS | names_in("""
    task target also_for score score_logistic score_hinge score_squared
    predicted_intent intent_probability predicted_slots tagger_confidence
""")
OF_SLOT, OWN_WORDS = frozenset({"start", "end", "label"}), frozenset({"text"})


WEIGHTS = names_in("weight sample_weight")


def is_weight(name: str, value: object) -> bool:
    """Whether a field is a sample weight, other than 1.

    >>> is_weight("Weight", "2.5"), is_weight("weight", 1.0), is_weight("weight", "heavy")
    (True, False, False)
    """
    if name.strip().lower() not in WEIGHTS:
        return False
    try:
        return float(str(value)) != 1.0
    except ValueError:
        return False


class LossRefusedError(InputError):
    """Something would be lost, and that is refused: no bad line that a tolerance could pass over."""


@dataclass
class Loss:
    """One kind of loss: of how many utterances, and the first of them."""

    count: int = 0
    first: str = ""

    def add(self, first: str, count: int = 1) -> None:
        """Count a loss, or several; `first` is kept if it is the first one."""
        self.count += count
        self.first = self.first or first


@dataclass
class Losses:
    """The losses of one conversion, in the order in which they were met; `strict` refuses the first.

    Fields that are `kept` elsewhere, by their names in lower case, are not lost.

    >>> losses = Losses()
    >>> losses.report("the domain", "'play jazz'")
    >>> losses.report("the domain", "'stop'")
    >>> losses.found
    {'the domain': Loss(count=2, first="'play jazz'")}
    """

    strict: bool = False
    kept: frozenset[str] = frozenset()
    found: dict[str, Loss] = field(default_factory=dict)
    no_annotation: set[str] = field(default_factory=set)  # fields of NO_ANNOTATION that were met
    passed_over: list[str] = field(default_factory=list)  # files that no format claims
    weighted: str = ""  # the first record with a sample weight, and which

    def report(self, what: str, example: str, count: int = 1, *, refusable: bool = True) -> None:
        """Count a loss, or raise LossRefusedError if losses are refused.

        `what` completes "lost: ...", as in "the domain" or "line breaks in texts"; `example` says where (`named` makes
        it of an utterance, a reader says file and line), `count` how often. What says itself that it is no annotation,
        as an answer that rejects, is not `refusable`.
        """
        if self.strict and refusable:
            raise LossRefusedError(f"{example}: {what} would be lost; leave out --strict to go on without it")
        self.found.setdefault(what, Loss()).add(example, count)

    def unused(
        self,
        record: Mapping[str, object],
        known: AbstractSet[str],
        where: str,
        columns: Columns | None = None,
        *,
        count: int = 1,
        settings: AbstractSet[str] = frozenset(),
    ) -> None:
        """Report the fields of a record that are not among the known ones and hold something.

        Those of `NO_ANNOTATION` and of `settings` are only named, the others are lost, `count` times. `columns` are the
        names by which the file is read, where a user can choose these: fields of slots are then told, too, and the
        sentence says how a field becomes the intent.
        """
        items = None if columns is None else record.get(columns.slots)
        for slot in items if isinstance(items, list) else ():
            if isinstance(slot, dict) and len(slot) > len(OF_SLOT):
                self.unused(slot, OF_SLOT, where, settings=OWN_WORDS)
        if record.keys() <= known:
            return
        passed = (
            NO_ANNOTATION
            | self.kept
            | settings
            | (OF_BATCHES if record.keys() >= BATCH_MARKS else frozenset())
        )
        for name, value in record.items():
            if name in known or value is None or value in ("", [], {}):
                continue
            if name.strip().lower() in passed:
                self.no_annotation.add(name)
                continue
            if columns is not None and is_weight(name, value):
                self.weighted = self.weighted or f"{where}: field {shown(name)} is {shown(value)}"
            advice = ""
            if columns is not None and isinstance(value, str) and record.get(columns.intent) is None:
                advice = f"; --columns intent={name.replace(',', ',,')} takes it for the intent"
            self.report(f"the field {shown(name)} of the file", f"{where} ({shown(value)}{advice})", count)

    def refuse_weights(self) -> None:
        """Refuse sample weights, which would change nothing; raises InputError if one was met."""
        if self.weighted:
            raise InputError(
                f"{self.weighted}, and canvass has no sample weights: every record counts once; repeat a record as "
                "often as it is to count and leave the column out, or give the column another name if it means "
                "something else"
            )

    def account(self) -> list[dict[str, Any]]:
        """Give the kinds of loss as values of JSON: what, count and first."""
        return [{"what": what, "count": loss.count, "first": loss.first} for what, loss in self.found.items()]


def named(utterance: Utterance, detail: str = "") -> str:
    """Name an utterance in a sentence: its id and the beginning of its text, and what of it is meant.

    >>> from canvass.types import Utterance
    >>> named(Utterance("play jazz", id="u7"), "slot 'genre'")
    "'play jazz' (id 'u7'), slot 'genre'"
    """
    identity = "" if utterance.id is None else f" (id {shown(utterance.id)})"
    return f"{shown(utterance.text)}{identity}{detail and f', {detail}'}"


def carried(utterances: Iterable[Utterance], carries: Iterable[str], losses: Losses) -> Iterator[Utterance]:
    """Take from utterances the fields that a format has no place for, and report those that said something."""
    kept = set(carries)
    missing = {name: empty for name, empty in FIELDS.items() if name not in kept}
    for utterance in utterances:
        gone = {name: empty for name, empty in missing.items() if getattr(utterance, name) != empty}
        for name in gone:
            losses.report(f"the field {name}", named(utterance))
        if utterance.slots is None and "slots" in kept and UNANNOTATED not in kept:
            gone["slots"] = ()
            losses.report(
                "that nobody annotated the slots (it looks as if there were none)", named(utterance)
            )
        yield replace(utterance, **gone) if gone else utterance


class TooManyBadLinesError(InputError):
    """The tolerance is used up; says so itself, and is not to be tolerated."""


@dataclass
class BadLines:
    """The tolerance of one reading: how many bad lines may be left out, and how many were.

    `first` is the sentence of the first bad line, empty as long as there is none. `losses`, where somebody wants to
    know, collects what a file says that an utterance has no place for, such as the synonyms of a value.
    """

    tolerated: int = 0
    count: int = 0
    first: str = ""
    losses: Losses | None = None

    def __post_init__(self) -> None:
        if self.tolerated < 0:
            raise OptionError(f"--skip-bad {self.tolerated} is negative; expected 0 or more")

    def report(self, error: InputError) -> None:
        """Count a bad line, or raise its error if the tolerance is used up, or it refuses a loss."""
        if isinstance(error, LossRefusedError | TooManyBadLinesError):
            raise error
        if self.count >= self.tolerated:
            if not self.tolerated:
                raise error
            raise TooManyBadLinesError(
                f"{error} (bad line {self.count + 1}, but --skip-bad tolerates {self.tolerated}; "
                f"the first was {self.first})"
            ) from error
        self.count += 1
        self.first = self.first or str(error)
        LOGGER.info("left out: %s", error)

    @contextlib.contextmanager
    def tolerance(self) -> Iterator[None]:
        """Report an `InputError` of the block below instead of raising it."""
        try:
            yield
        except InputError as error:
            self.report(error)

    def sift(
        self, parts: Iterable[Part], make: Callable[..., Utterance | None], *arguments: Any
    ) -> Utterances:
        """Make an utterance of each part of a file, if there is one in it, and report those that are bad.

        `make` takes the part, and then the `arguments`.
        """
        for part in parts:
            with self.tolerance():
                if (utterance := make(part, *arguments)) is not None:
                    yield part.where, utterance

    def lost(self, what: str, example: str, count: int = 1) -> None:
        """Note that something in the file has no place in an utterance; see `Losses.report`."""
        if self.losses is not None:
            self.losses.report(what, example, count)

    def rejected(self, what: str, example: str) -> None:
        """Note what a file says to be no annotation: it is told, but nothing is lost."""
        if self.losses is not None:
            self.losses.report(what, example, refusable=False)

    def passed_over(self, files: Iterable[str]) -> None:
        """Note files of a folder or an archive that are not read."""
        if self.losses is not None:
            self.losses.passed_over += [file for file in files if file not in self.losses.passed_over]

    def unused(
        self,
        record: Mapping[str, object],
        known: AbstractSet[str],
        where: str,
        columns: Columns | None = None,
        *,
        count: int = 1,
        settings: AbstractSet[str] = frozenset(),
    ) -> None:
        """Note the fields of a record that are not among the known ones and hold something; see `Losses.unused`."""
        if self.losses is not None:
            self.losses.unused(record, known, where, columns, count=count, settings=settings)
