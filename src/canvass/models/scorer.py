"""The user's own model, asked about a shortlist: a function, a folder of spaCy, or a server.

An answer says of a text what `ModelAnswer` holds: an intent with its probability, slots with the probability that all
of them are right, or both. All answers say the same parts, and use the names of the labelled set.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import numpy as np

from canvass.callables import is_callable_name, load_callable
from canvass.corpus.formats.validation import slots_of
from canvass.errors import CanvassError, InputError, OptionError, ScorerError, nearest, needing, shown
from canvass.types import ModelAnswer, Slot, Utterance, slot_records

OPTION = "--scorer"
SHORTLIST = 2000
BATCH = 64  # texts of a request
SECONDS = 30.0  # until a request that is not answered is sent again
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before each further attempt
LONGEST_WAIT = 30.0  # seconds that a server's Retry-After is heeded
PASSING = frozenset({429, 500, 502, 503, 504})
OK = 200
PARTS = (("intent", "intent_probability"), ("slots", "slots_probability"))
NAMES = frozenset(field.name for field in fields(ModelAnswer))


def check_address(address: str) -> None:
    """Refuse what is no `module:function`, no folder and no address of a server; raises OptionError."""
    url = urlsplit(address)
    if url.scheme in {"http", "https"}:
        if not url.hostname or url.username or url.password:
            raise OptionError(
                f"{OPTION}: the address of a server is http://host:port/path, without a user and a password, since "
                "it is stored and shown"
            )
    elif not is_callable_name(address) and not Path(address).is_dir():
        raise OptionError(
            f"{OPTION} {address!r} is no module:function, no folder with a pipeline of spaCy, and no http:// address; "
            "name one of these"
        )


@dataclass(frozen=True)
class Scorer:
    """A model that is asked about the `shortlist` best of a pool; made by `of`.

    `intents` and `slots` are the names that it may use.
    """

    address: str
    intents: frozenset[str]
    slots: frozenset[str]
    shortlist: int = SHORTLIST

    @classmethod
    def of(cls, address: str, labelled: Iterable[Utterance], *, shortlist: int = SHORTLIST) -> Self:
        """Make a scorer that uses the names of a labelled set; a function is imported here.

        Raises OptionError or ExtraMissingError if the address or the number makes no sense, or there is no such
        function, or it needs what is missing.
        """
        intents: set[str] = set()
        slots: set[str] = set()
        for utterance in labelled:
            intents |= {utterance.intent} if utterance.intent is not None else set()
            slots |= {slot.label for slot in utterance.slots or ()}
        return cls.of_names(address, intents, slots, shortlist)

    @classmethod
    def of_names(cls, address: str, intents: Iterable[str], slots: Iterable[str], shortlist: int) -> Self:
        """Make a scorer that uses these names; raises as `of`."""
        check_address(address)
        if shortlist < 1:
            raise OptionError(f"--shortlist {shortlist} makes no sense; it must be at least 1")
        scorer = cls(address, frozenset(intents), frozenset(slots), shortlist)
        _ = scorer._ask  # what is missing is said at once
        return scorer

    @cached_property
    def _ask(self) -> Callable[[Sequence[str]], Any]:
        if urlsplit(self.address).scheme in {"http", "https"}:
            return _Server(self.address)
        if is_callable_name(self.address):
            return load_callable(self.address, OPTION)
        return _pipeline(self.address)

    def answers(self, texts: Sequence[str]) -> list[ModelAnswer]:
        """Ask about N texts, as they are written, in one call of a function, or in requests of `BATCH`.

        Raises ScorerError if the model fails, is not reached, or answers what is no frame of each text, in their order.
        """
        if not texts:
            return []
        try:
            said = self._ask(list(texts))
        except CanvassError:
            raise
        except Exception as error:  # a model of the user's raises whatever it likes
            raise ScorerError(
                f"{OPTION} {self.address} failed with {type(error).__name__}: {shown(str(error))}"
            ) from error
        if isinstance(said, str | Mapping) or not hasattr(said, "__len__") or not hasattr(said, "__iter__"):
            raise ScorerError(f"{OPTION} {self.address} answered {shown(said)}; expected a list of answers")
        if len(said) != len(texts):
            raise ScorerError(
                f"{OPTION} {self.address} gave {len(said)} answers to {len(texts)} texts; expected one for each, in "
                "their order"
            )
        answers = [self._answer(text, answer) for text, answer in zip(texts, said, strict=True)]
        for text, answer in zip(texts, answers, strict=True):
            if _parts(answer) != _parts(answers[0]):
                self._refuse(
                    text,
                    f"says {' and '.join(_parts(answer))}, and others {' and '.join(_parts(answers[0]))}",
                )
        return answers

    def _refuse(self, text: str, what: str, error: BaseException | None = None) -> NoReturn:
        raise ScorerError(
            f"{OPTION} {self.address}: the answer to {shown(text)} {what}; expected an intent with intent_probability, "
            "slots with slots_probability, or both, the same for all texts"
        ) from error

    def _answer(self, text: str, said: Any) -> ModelAnswer:
        """Check an answer, and copy it."""
        answer = _plain(said)
        if not isinstance(answer, dict):
            self._refuse(text, f"is {shown(said)}")
        unknown = sorted(map(str, answer.keys() - NAMES))
        if unknown:
            self._refuse(text, f"has {shown(unknown[0])}")
        if not answer:
            self._refuse(text, "says nothing")
        self._check_chances(text, answer)
        intent = answer.get("intent")
        if intent is not None:
            self._check_name(text, "intent", intent, self.intents)
        slots: tuple[Slot, ...] | None = None
        if "slots" in answer:
            try:
                slots = slots_of(answer["slots"] or [], text, "it", "slots")
            except InputError as error:
                self._refuse(text, f"is wrong ({error})", error)
            for slot in slots or ():
                self._check_name(text, "slot label", slot.label, self.slots)
        return ModelAnswer(intent, answer.get("intent_probability"), slots, answer.get("slots_probability"))

    def _check_chances(self, text: str, answer: dict[str, Any]) -> None:
        """Check that each part has its probability."""
        for part, probability in PARTS:
            if (part in answer) != (probability in answer):
                has, lacks = (part, probability) if part in answer else (probability, part)
                self._refuse(text, f"has {has}, but no {lacks}")
            chance = answer.get(probability, 0)
            is_number = isinstance(chance, int | float) and not isinstance(chance, bool)
            if not is_number or not 0 <= chance <= 1:
                self._refuse(text, f"has the {probability} {shown(chance)}, no number from 0 to 1")

    def _check_name(self, text: str, kind: str, name: Any, known: frozenset[str]) -> None:
        if not isinstance(name, str) or name not in known:
            close = nearest(name, sorted(known)) if isinstance(name, str) else ""
            raise ScorerError(
                f"{OPTION} {self.address}: the answer to {shown(text)} has the {kind} {shown(name)}, which LABELLED "
                f"does not have{close}; give the names of LABELLED, or null for no intent"
            )


def _parts(answer: ModelAnswer) -> list[str]:
    return [
        name
        for name, chance in (("intents", answer.intent_probability), ("slots", answer.slots_probability))
        if chance is not None
    ]


def _plain(value: Any) -> Any:
    """Make built-in types of answers, slots and numbers of numpy."""
    if isinstance(value, ModelAnswer):
        intent = (
            {}
            if value.intent_probability is None
            else {"intent": value.intent, "intent_probability": value.intent_probability}
        )
        slots = (
            {}
            if value.slots is None
            else {"slots": slot_records(value.slots), "slots_probability": value.slots_probability}
        )
        return _plain(intent | slots)
    if isinstance(value, Slot):
        return {"start": value.start, "end": value.end, "label": value.label}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


@lru_cache(maxsize=1)
def _pipeline(folder: str) -> Callable[[Sequence[str]], Any]:
    """Load a pipeline of spaCy once a process."""
    from canvass.models.scorer_adapters import spacy_scorer

    return spacy_scorer(folder)


class _Server:
    """A server that is asked by POST with `{"texts": [...]}`, and answers `{"predictions": [...]}`."""

    def __init__(self, address: str) -> None:
        with needing("asking a scorer over HTTP needs httpx", "scorer"):
            import httpx
        self._httpx = httpx
        self._address = address

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        answers: list[Any] = []
        # Redirects are not followed: texts go to the address that was given, and nowhere else.
        with self._httpx.Client(timeout=SECONDS, follow_redirects=False) as client:
            for start in range(0, len(texts), BATCH):
                some = texts[start : start + BATCH]
                answers += self._predictions(self._post(client, {"texts": some}), len(some))
        return answers

    def _post(self, client: Any, content: dict[str, Any]) -> Any:
        try:
            return post(client, self._address, content, time.sleep)
        except self._httpx.HTTPError as error:
            raise ScorerError(
                f"{OPTION} {self._address} cannot be reached ({reason_of(error)}), asked {len(WAITS) + 1} times; check "
                "that it runs, then run the same command again"
            ) from error

    def _predictions(self, answer: Any, count: int) -> list[Any]:
        if answer.status_code != OK:
            raise ScorerError(
                f"{OPTION} {self._address} answered with status {answer.status_code} ({shown(answer.text[:200])}); see "
                "the log of the server"
            )
        try:
            document = answer.json()
        except (ValueError, RecursionError):
            document = None
        predictions = document.get("predictions") if isinstance(document, dict) else None
        if not isinstance(predictions, list):
            raise ScorerError(
                f"{OPTION} {self._address} answered {shown(answer.text[:200])}; expected JSON, an object with the list "
                "predictions"
            )
        if len(predictions) != count:
            raise ScorerError(
                f"{OPTION} {self._address} gave {len(predictions)} predictions for {count} texts; expected one for "
                "each, in their order"
            )
        return predictions


def post(client: Any, address: str, content: dict[str, Any], sleep: Callable[[float], object]) -> Any:
    """Send a request that may be repeated until it is answered, or `WAITS` are over; returns the last answer.

    `client` is an `httpx.Client`. Raises its `HTTPError` where the last attempt has no answer.
    """
    import httpx

    for wait in (*WAITS, None):
        pause = wait or 0.0
        try:
            answer = client.post(address, json=content)
        except httpx.HTTPError:
            if wait is None:
                raise
        else:
            if answer.status_code not in PASSING or wait is None:
                return answer
            pause = max(pause, retry_after(answer.headers.get("retry-after", "")))
        sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def reason_of(error: Exception) -> str:
    """Say why a request was not answered: the words of an `httpx.HTTPError`, which for a timeout say nothing."""
    import httpx

    return "did not answer in time" if isinstance(error, httpx.TimeoutException) else str(error)


def retry_after(header: str) -> float:
    """Read for how many seconds a server wants to be left alone; 0 where it does not say a number.

    >>> retry_after("3"), retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), retry_after("900")
    (3.0, 0.0, 30.0)
    """
    try:
        seconds = float(header)
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else 0.0
