"""Specification of a study: its options, the runs that they define, and the facts of each target's corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import quote

from canvass.errors import InputError, OptionError
from canvass.models.scorer import SHORTLIST, check_address
from canvass.simulation.budget import UNITS, Unit, extend_schedule
from canvass.simulation.transfer import check_name
from canvass.strategies import STRATEGIES, check_scorer, strategy_named
from canvass.types import ALL, Target

Kind = Literal["strategy", "ceiling", "prolonged"]
TestPart = Literal["own", "fifth"]
Words = Literal["off", "pool", "both"]
EVERY = "all"  # as --strategy: every strategy that suits the target
PROLONGED_TIMES = 3  # budget of the prolonged run, as a multiple of the budget
SHORT_POOL_TIMES = (
    4  # with fewer targets in the pool than this multiple of the budget, strategies hardly differ
)
LONGEST_NAME = 100  # characters of a target in the name of a folder
# What sets a field of a study, for messages, unless it is the option of that name.
OPTIONS = {
    "canvass": "the version of canvass",
    "corpus": "LABELLED",
    "targets": "--target",
    "strategies": "--strategy",
    "schedule": "the rounds (--rounds, --batch)",
    "budget_unit": "the unit of --batch",
    "assistant_influence": "the second share of --assistant-error",
}


class RunName(NamedTuple):
    """The name of a run: target, kind, strategy (an empty string for the ceiling) and seed.

    Examples
    --------
    >>> name = RunName("domain:music", "strategy", "random", 3)
    >>> str(name), name.file
    ('domain:music, random, seed 3', 'domain-music/strategy-random-3.npz')

    """

    target: str
    kind: Kind
    strategy: str
    seed: int

    @property
    def file(self) -> str:
        """Path of the results, relative to the folder of the study."""
        middle = f"-{self.strategy}" if self.strategy else ""
        return f"{folder_of(self.target)}/{self.kind}{middle}-{self.seed}.npz"

    def __str__(self) -> str:
        what = {"strategy": self.strategy, "ceiling": "ceiling", "prolonged": f"{self.strategy} prolonged"}
        return f"{self.target}, {what[self.kind]}, seed {self.seed}"


def folder_of(target: str) -> str:
    """Name the sub-folder of a target; the name is unique to it.

    >>> folder_of("intent:PlayMusic"), folder_of("domain:q/a"), folder_of("all")
    ('intent-PlayMusic', 'domain-q%2Fa', 'all')
    """
    kind, colon, name = target.partition(":")
    quoted = quote(name, safe=" ")
    if len(quoted) > LONGEST_NAME:  # a list of intents
        digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        quoted = f"{quoted[:LONGEST_NAME]}-{digest}"
    return f"{kind}-{quoted}" if colon else kind


@dataclass(frozen=True)
class Spec:
    """The options of a study: everything that its results depend on.

    Attributes
    ----------
    corpus
        Digest of the annotated utterances (`facts.digest_of`).
    targets
        Targets, as `Target.parse` reads them.
    strategies
        Names of the strategies of each target.
    seeds
        Number of seeds.
    seed_size, negatives
        Utterances of the target, and others, in the labelled set of a start.
    schedule
        Budget of each round, in `budget_unit`.
    pool_share
        Share of the target in the pool, from 0 to 1; None leaves the pool as it is.
    noise
        Share of wrong annotations, from 0 to 1.
    transfer
        The families of models that are trained on what was selected (`simulation.transfer`).
    transfer_every
        They are trained after the last round and, unless this is 0, after each round whose number it divides.
    test
        "own" for the corpus's own test part, "fifth" for a fifth by hash of the key.
    scorer, shortlist
        The model of the user's that is asked about so many of the best (`models.scorer`); an empty string for none.
    words
        "pool" if the reference NLU has word features, learnt from the texts of each start's pool; "off" if it has none;
        "both" if errors are counted of either after each round of a strategy.
    variety
        Whether near copies of one another take turns in a batch (`selection.variety`).
    assistant_error, assistant_influence
        Share of wrong suggestions of an assistant, and of these the share that people take over; None: there is none.
    canvass
        Version of canvass.

    """

    corpus: str
    targets: tuple[str, ...]
    strategies: dict[str, tuple[str, ...]]
    seeds: int
    seed_size: int
    negatives: int
    schedule: tuple[int, ...]
    budget_unit: Unit
    pool_share: float | None
    noise: float
    transfer: tuple[str, ...]
    transfer_every: int
    test: TestPart
    words: Words
    canvass: str
    scorer: str = ""
    shortlist: int = SHORTLIST
    variety: bool = True
    assistant_error: float | None = None
    assistant_influence: float = 0.0

    def check(self) -> None:
        """Check the ranges of all options; raises OptionError."""
        for option, number, least in (
            ("--seeds", self.seeds, 1),
            ("--seed-size", self.seed_size, 1),
            ("--negatives", self.negatives, 1),
            ("--rounds", len(self.schedule), 1),
            ("--batch", min(self.schedule, default=1), 1),
        ):
            if number < least:
                raise OptionError(f"{option} {number} makes no sense; it must be at least {least}")
        if self.transfer_every < 0 or (self.transfer_every and not self.transfer):
            raise OptionError(
                f"--transfer-every {self.transfer_every} makes no sense; it is a number of rounds, at least 1, and "
                "needs --transfer with a family"
            )
        if len(set(self.transfer)) < len(self.transfer):
            raise OptionError("--transfer names a family twice; name each once")
        for family in self.transfer:
            check_name(family)
        self._check_scorer()
        self._check_assistant()
        if self.budget_unit not in UNITS:
            raise OptionError(
                f"--batch in {self.budget_unit!r} makes no sense; choose one of {', '.join(UNITS)}"
            )
        if not 0 <= self.noise < 1:
            raise OptionError(f"--noise {self.noise:g} makes no sense; it is a share, from 0 to less than 1")
        if self.pool_share is not None and not 0 < self.pool_share < 1:
            raise OptionError(f"--pool-share {self.pool_share:g} makes no sense; it lies between 0 and 1")

    def _check_scorer(self) -> None:
        """Refuse a scorer that cannot be, or that no strategy asks; raises OptionError."""
        if not self.scorer:
            return
        check_address(self.scorer)
        names = {name for strategies in self.strategies.values() for name in strategies}
        taking = [STRATEGIES[name] for name in sorted(names) if STRATEGIES[name].takes_answers]
        if not taking:
            raise OptionError("--scorer changes nothing: no --strategy here ranks by intents or slots")
        check_scorer(taking[0], self.shortlist, max(self.schedule))

    def _check_assistant(self) -> None:
        """Refuse shares of the assistant that cannot be; raises OptionError."""
        for option, share in (
            ("--assistant-error", self.assistant_error or 0.0),
            ("the second share of --assistant-error,", self.assistant_influence),
        ):
            if not 0 <= share <= 1:
                raise OptionError(f"{option} {share:g} makes no sense; it is a share, from 0 to 1")

    def families_after(self, kind: Kind, number: int) -> tuple[str, ...]:
        """Return the families that are trained after a round of a run; the prolonged run trains none."""
        last = len(self.schedule_of(kind))
        on_the_way = self.transfer_every > 0 and number % self.transfer_every == 0
        return self.transfer if kind != "prolonged" and (number == last or on_the_way) else ()

    def runs(self) -> list[RunName]:
        """List all runs, seed by seed, so that an unfinished study has comparable runs."""
        names = []
        for target in self.targets:
            for seed in range(self.seeds):
                names.append(RunName(target, "prolonged", baseline_for(target), seed))
                names.append(RunName(target, "ceiling", "", seed))
                names += [RunName(target, "strategy", name, seed) for name in self.strategies[target]]
        return names

    def methods_of(self, target: str) -> tuple[str, ...]:
        """Name what a report compares: each strategy, with `both` the same without words, and the headline baseline."""
        names = []
        for name in STRATEGIES:
            if name in self.strategies[target]:
                names += [name, without_words(name)] if self.words == "both" else [name]
            elif name == baseline_for(target):
                names.append(name)
        return tuple(names)

    def schedule_of(self, kind: Kind) -> tuple[int, ...]:
        """Return the budget of each round of a run; the ceiling has no rounds."""
        if kind == "ceiling":
            return ()
        return self.schedule if kind == "strategy" else extend_schedule(self.schedule, PROLONGED_TIMES)

    def grows_to(self, other: Spec) -> bool:
        """Tell whether another study extends this one: all its runs, and perhaps more targets, strategies or seeds."""
        same = replace(self, targets=other.targets, strategies=other.strategies, seeds=other.seeds) == other
        return same and set(self.runs()) <= set(other.runs())

    def differs_in(self, other: Spec) -> str:
        """Name the first option in which two studies differ, with both values; an empty string if none differs."""
        for name in ("canvass", *(field.name for field in fields(self))):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                option = OPTIONS.get(name, f"--{name.replace('_', '-')}")
                if name in {"corpus", "strategies"}:
                    return option
                return f"{option} ({_shown(mine)} there, {_shown(theirs)} now)"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """Return the options as values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Restore a specification from what `as_dict` returned; raises InputError if a field is missing or unknown."""
        names = {field.name for field in fields(cls)}
        # Studies of before there were word features, families other than `svm`, scorers, and these options.
        given = {field.name: field.default for field in fields(cls) if field.default is not MISSING}
        plain = {**given, "transfer_every": int(plain.get("transfer") == "each"), **plain}
        if not isinstance(plain.get("words"), str):  # or there was no choice but with or without
            plain["words"] = "pool" if plain.get("words") else "off"
        if isinstance(plain.get("transfer"), str):
            plain["transfer"] = [] if plain["transfer"] == "no" else ["svm"]
        if set(plain) != names:
            raise InputError(f"the options of the study are not those expected ({', '.join(sorted(names))})")
        lists = {name: tuple(plain[name]) for name in ("targets", "schedule", "transfer")}
        strategies = {target: tuple(names) for target, names in plain["strategies"].items()}
        return cls(**{**plain, **lists, "strategies": strategies})


def baseline_for(target: str) -> str:
    """Return the headline baseline of a target, whose run is prolonged."""
    return "random" if target == ALL else "random-positive"


def without_words(strategy: str) -> str:
    """Name a strategy whose models have no word features, beside the same with them.

    >>> without_words("random")
    'random without words'
    """
    return f"{strategy} without words"


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def strategies_for(target: Target, names: Sequence[str]) -> tuple[str, ...]:
    """Resolve the strategies of a target: those named, or, for `EVERY` alone, all that suit it.

    Raises
    ------
    OptionError
        If a strategy is unknown, named twice, or needs a committee where the target has none.

    """
    alone = target.kind == ALL
    if list(names) == [EVERY]:
        # Those for all have no filter: beside a rest they would spend the budget on that.
        return tuple(
            strategy.name
            for strategy in STRATEGIES.values()
            if (("committee" not in strategy.models) if alone else not strategy.for_all)
            and not (strategy.columns or strategy.weigh)  # LABELLED need not have such columns, or counts
        )
    chosen = [strategy_named(name) for name in names]
    if len(set(names)) < len(chosen):
        raise OptionError("--strategy names one twice; name each once")
    for strategy in chosen:
        if alone and "committee" in strategy.models:
            fitting = ", ".join(strategies_for(target, [EVERY]))
            raise OptionError(
                f"--strategy {strategy.name} needs a committee, and with --target all there is no rest to tell the "
                f"target from; choose from {fitting}"
            )
    return tuple(strategy.name for strategy in chosen)


@dataclass(frozen=True)
class TargetFacts:
    """Numbers of utterances that the runs of a target start from, the same for all seeds.

    Attributes
    ----------
    target
        The target.
    labelled, pool, test
        Sizes of the labelled set, the pool and the test set.
    pool_target, test_target
        Utterances of the target in the pool, and in the test set; errors are counted on the latter.
    budget
        Budget of all rounds, in the unit of the study.
    budget_utterances
        About how many utterances of the target the budget pays for.
    short_pool
        Whether `pool_target` is below `SHORT_POOL_TIMES` times `budget_utterances`.

    """

    target: str
    labelled: int
    pool: int
    pool_target: int
    test: int
    test_target: int
    budget: int
    budget_utterances: int
    short_pool: bool
