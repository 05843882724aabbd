"""The settings of a project, each declared once: default, rule, and the words that explain it in canvass.toml."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from canvass.annotation.store.label_names import LabelKind
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import NAMES
from canvass.errors import InputError, OptionError, nearest
from canvass.models.scorer import SHORTLIST, check_address
from canvass.strategies import DEFAULT, STRATEGIES, check_scorer
from canvass.types import ALL, FEWEST, Target

# What stands in the page's policy as it is.
ADDRESS = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
NOT_EMPTY = re.compile(".+", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """What a setting means, what it may be, and how to tell."""

    words: str
    expected: str
    accepts: Callable[[Any], bool]


def _setting(words: str, expected: str, accepts: Callable[[Any], bool], default: Any) -> Any:
    """Declare a field; one whose default is MISSING must be given."""
    return field(default=default, metadata={"rule": Rule(words, expected, accepts)})


def _whole(words: str, least: int, *, default: int) -> Any:
    def accepts(value: Any) -> bool:
        return type(value) is int and least <= value < 1 << 63

    return _setting(words, f"a whole number of at least {least}", accepts, default)


SHARE = ("a number from 0 to 1", lambda value: 0 <= value <= 1)
DURATION = ("a number above 0", lambda value: 0 < value < math.inf)
AMOUNT = ("a number, 0 or more", lambda value: 0 <= value < math.inf)


def _number(words: str, which: tuple[str, Callable[[float], bool]], *, default: float) -> Any:
    expected, accepts = which
    return _setting(words, expected, lambda value: type(value) in {int, float} and accepts(value), default)


def _flag(words: str, *, default: bool) -> Any:
    return _setting(words, "true or false", lambda value: isinstance(value, bool), default)


def _text(words: str, *, default: Any = MISSING) -> Any:
    """Declare a string, which may be empty where its default is."""
    empty = default == ""

    def accepts(value: Any) -> bool:
        return isinstance(value, str) and (empty or bool(value.strip()))

    return _setting(words, "a string" if empty else "a string that is not empty", accepts, default)


def _choice(words: str, choices: tuple[str, ...], *, default: str) -> Any:
    named = ", ".join(f'"{choice}"' for choice in choices)
    return _setting(words, f"one of {named}", lambda value: value in choices, default)


def _texts(
    words: str, *, default: Any = MISSING, of: str = "strings", pattern: re.Pattern[str] = NOT_EMPTY
) -> Any:
    """Declare strings of a pattern, of which there may be none where the default has none."""
    empty = default == ()

    def accepts(value: Any) -> bool:
        return (
            isinstance(value, list | tuple)
            and bool(empty or value)
            and all(isinstance(text, str) and pattern.fullmatch(text) for text in value)
        )

    return _setting(words, f"a list of {of}" if empty else "a list of at least one string", accepts, default)


@dataclass(frozen=True, kw_only=True)
class ProjectSettings:
    """What the project chooses, how, and from what."""

    target: str = _text(
        "What the budget is spent on: domain:NAME, intent:NAME, intent:A,B,C or all. It stays as it is."
    )
    strategy: str = _text("How to choose (canvass strategies lists the names).", default=DEFAULT)
    scorer: str = _text(
        "A model of yours that ranks the shortlist anew and predicts: module:function, a folder of spaCy, or "
        "http://..., where the texts are sent. Empty: none.",
        default="",
    )
    shortlist: int = _whole(
        "How many of the best by canvass's own models it is asked about.", 1, default=SHORTLIST
    )
    seed: int = _whole("Of every random choice: same input and seed, same queue.", 0, default=0)
    pool: tuple[str, ...] = _texts(
        "The unlabelled requests: files, folders or globs. A relative name starts at this folder."
    )
    seed_phrases: tuple[str, ...] = _texts(
        "Words and phrases to begin with, until five requests of the target and five others are annotated.",
        default=(),
    )
    pool_format: str = _choice(
        "Format of the pool where its files do not tell, such as jsonl, csv, tsv, parquet or text.",
        ("", *NAMES),
        default="",
    )
    where: str = _text(
        "Read only rows of the pool that meet this condition, such as \"language = 'de'\"; all if empty.",
        default="",
    )
    skip_bad: int = _whole("Tolerate so many bad lines of the pool.", 0, default=0)
    max_tokens: int = _whole("Leave out requests of more tokens.", 1, default=40)
    test: str = _choice(
        "Where test.jsonl is from: fifth (of the labelled set, by hash), file (--test) or none (there were too "
        "few). It stays as it is.",
        ("fifth", "file", "none"),
        default="fifth",
    )


@dataclass(frozen=True, kw_only=True)
class ColumnsSettings:
    """The columns of the pool."""

    text: str = _text("The text.", default="text")
    id: str = _text("The id; may be absent.", default="id")
    count: str = _text("How often it was seen; may be absent.", default="count")
    score: str = _text(
        "What a model of yours ranks by, the smallest first (strategy external).", default="score"
    )
    intent: str = _text("The intent that it predicts.", default="intent")
    intent_probability: str = _text("And how sure it is.", default="intent_probability")
    slots_probability: str = _text("How sure it is of the slots it predicts.", default="slots_probability")
    conversation: str = _text(
        "The conversation that a request is from; with turn, the page shows what is around it.",
        default="conversation",
    )
    turn: str = _text("The number of the turn in it.", default="turn")
    audio: str = _text(
        "The recording: an address, or a path from this folder or that of the pool.", default="audio"
    )


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """How the queue is kept fresh."""

    size: int = _whole("Tasks that are kept ready.", 1, default=50)
    retrain_after: int = _whole("Answers, until the models are trained anew.", 1, default=10)
    idle_seconds: float = _number(
        "Seconds without an answer, until they are trained on what is new all the same.", DURATION, default=30
    )
    random_share: float = _number(
        "Share of tasks drawn at random from the traffic: the estimate of the live error.", SHARE, default=0.1
    )
    outside_share: float = _number(
        "Share of tasks drawn from what does not look like the target: the estimate of what is missed.",
        SHARE,
        default=0.02,
    )
    overlap: float = _number(
        "Share of tasks that two people answer, to see how far they agree.", SHARE, default=0.0
    )


@dataclass(frozen=True, kw_only=True)
class AssistantSettings:
    """What an assistant (`canvass annotate --assistant`) may cost."""

    calls: int = _whole("Requests that it is sent at most, further attempts among them.", 1, default=2000)
    cost: float = _number(
        "What these may cost, in the currency of the prices; 0: no limit.", AMOUNT, default=0
    )
    input_price: float = _number("Price of a million tokens that are sent.", AMOUNT, default=0)
    output_price: float = _number("Price of a million tokens of its answers.", AMOUNT, default=0)


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """What the page shows and allows."""

    title: str = _text("Title of the page; the folder's name if empty.", default="")
    lease_minutes: float = _number(
        "Minutes after which a task that was opened and left is free again.", DURATION, default=10
    )
    new_labels: bool = _flag("Whether annotators may add intents and slot labels.", default=True)
    columns: tuple[str, ...] = _texts(
        "Other columns of the pool that are shown beside a request, such as language.", default=()
    )
    audio_addresses: tuple[str, ...] = _texts(
        "Servers that recordings may come from, such as https://audio.example.org.",
        default=(),
        of="addresses such as https://audio.example.org, without a path",
        pattern=ADDRESS,
    )
    inside_tokens: bool = _flag(
        "Whether slots may begin and end inside a token, in a mode of its own.", default=False
    )


@dataclass(frozen=True, kw_only=True)
class LabelGuide:
    """An intent or a slot label as the page explains it; examples of slots have the value in square brackets."""

    name: str = _text("The name.")
    description: str = _text("When to use it.", default="")
    examples: tuple[str, ...] = _texts("Some requests.", default=())


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a project; `intents` and `slots` are the labels that annotators choose from."""

    project: ProjectSettings
    columns: ColumnsSettings = field(default_factory=ColumnsSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    page: PageSettings = field(default_factory=PageSettings)
    assistant: AssistantSettings = field(default_factory=AssistantSettings)
    intents: tuple[LabelGuide, ...] = ()
    slots: tuple[LabelGuide, ...] = ()

    @property
    def target(self) -> Target:
        """What the annotation budget is spent on."""
        return Target.parse(self.project.target)

    def guides(self, kind: LabelKind) -> tuple[LabelGuide, ...]:
        """Give the labels of a kind."""
        return self.intents if kind == "intent" else self.slots

    @property
    def pool_columns(self) -> Columns:
        """The columns of the pool, for `Pool.open`."""
        return Columns(**{name: getattr(self.columns, name) for name in rules(self.columns)}, others=True)

    def check(self, where: str) -> None:
        """Refuse values that make no sense, alone or together; `where` is the file, for the sentence.

        Raises InputError for the first that does not; it names the setting, what was expected and what to do.
        """
        for section in ("project", "columns", "queue", "page", "assistant"):
            _check_section(getattr(self, section), f"{where}: {section}")
        for name in ("intents", "slots"):
            guides: tuple[LabelGuide, ...] = getattr(self, name)
            for number, guide in enumerate(guides, 1):
                _check_section(guide, f"{where}: {name}[{number}]")
            names = [guide.name for guide in guides]
            twice = next((label for i, label in enumerate(names) if label in names[:i]), None)
            if twice is not None:
                raise InputError(f"{where}: {name} has {twice!r} twice; leave one of them out")
        self._check_choice(where)
        try:
            _ = self.pool_columns
        except OptionError as error:
            raise InputError(
                f"{where}: columns: text, id and count must be three different columns"
            ) from error
        if self.queue.random_share + self.queue.outside_share > 1:
            raise InputError(
                f"{where}: queue.random_share and queue.outside_share sum to more than 1; make one of them smaller"
            )
        assistant = self.assistant
        if assistant.cost and not assistant.input_price + assistant.output_price:
            raise InputError(
                f"{where}: assistant.cost is limited, and there are no prices; set input_price and output_price"
            )

    def _check_choice(self, where: str) -> None:
        try:
            target = self.target
        except OptionError as error:
            raise InputError(
                f"{where}: project.target is {self.project.target!r}; expected domain:NAME, intent:NAME, "
                "intent:A,B,C or all"
            ) from error
        if target.kind == FEWEST:
            raise InputError(
                f"{where}: project.target is {self.project.target!r}; a project names its intents: write "
                "intent:A,B,C (canvass new --target fewest:K does)"
            )
        name = self.project.strategy
        if name not in STRATEGIES:
            raise InputError(
                f"{where}: project.strategy is {name!r}, which is unknown{nearest(name, list(STRATEGIES))}; canvass "
                "strategies lists the names"
            )
        if self.project.scorer:
            try:
                check_address(self.project.scorer)
                check_scorer(STRATEGIES[name], self.project.shortlist, self.queue.size)
            except OptionError as error:
                raise InputError(f"{where}: project.scorer: {error}") from error
        if target.kind == ALL and "committee" in STRATEGIES[name].models:
            raise InputError(
                f"{where}: project.strategy is {name!r}, which tells the target from the rest, and with the target all "
                "there is no rest; take margin-balanced, margin or random"
            )


def with_changes(settings: Settings, section: str, **changes: Any) -> Settings:
    """Copy settings with some of a section changed.

    >>> settings = Settings(project=ProjectSettings(target="all", strategy="joint", pool=("pool.jsonl",)))
    >>> with_changes(settings, "queue", size=5).queue.size
    5
    """
    return replace(settings, **{section: replace(getattr(settings, section), **changes)})


def rules(section: Any) -> dict[str, Rule]:
    """Map each setting of a section, or of its class, to its rule, in the order of declaration."""
    return {setting.name: setting.metadata["rule"] for setting in fields(section)}


def _check_section(section: Any, where: str) -> None:
    for name, rule in rules(section).items():
        value = getattr(section, name)
        if not rule.accepts(value):
            raise InputError(f"{where}.{name} is {value!r}; expected {rule.expected}")
