"""What a study is: its options, the runs that follow from them, and the facts of each target's corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, get_args
from urllib.parse import quote

from canvass.errors import InputError, OptionError
from canvass.simulation.budget import UNITS, Unit, prolonged
from canvass.strategies import DEFAULT_FOR_ALL, STRATEGIES, strategy_named
from canvass.types import ALL, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["strategy", "ceiling", "prolonged"]
Transfer = Literal["no", "last", "each"]
TestPart = Literal["own", "fifth"]
EVERY = "all"
TIMES = 3  # the prolonged run goes on to so many times the budget
ENOUGH = 4  # a pool with fewer targets than so many times the budget makes all strategies alike


class RunName(NamedTuple):
    """One run: a target, what kind of run, the strategy (an empty string for the ceiling), and the seed."""

    target: str
    kind: Kind
    strategy: str
    seed: int

    @property
    def file(self) -> str:
        """Where its results are, from the study's folder."""
        middle = f"-{self.strategy}" if self.strategy else ""
        return f"{folder_of(self.target)}/{self.kind}{middle}-{self.seed}.npz"

    def __str__(self) -> str:
        what = {"strategy": self.strategy, "ceiling": "ceiling", "prolonged": f"{self.strategy} prolonged"}
        return f"{self.target}, {what[self.kind]}, seed {self.seed}"


def folder_of(target: str) -> str:
    """Name the sub-folder of a target; no two targets share one.

    >>> folder_of("intent:PlayMusic"), folder_of("domain:q/a"), folder_of("all")
    ('intent-PlayMusic', 'domain-q%2Fa', 'all')
    """
    kind, colon, name = target.partition(":")
    return f"{kind}-{quote(name, safe=' ')}" if colon else kind


@dataclass(frozen=True)
class Spec:
    """The options of a study: all that its results depend on, beside the version of canvass.

    `strategies` are those of each target; `schedule` is what each round may spend, in `budget_unit`; `corpus` is a
    digest of the annotated utterances, not their place.
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
    transfer: Transfer
    test: TestPart
    canvass: str

    # Each field with the words of the option that sets it.
    OPTIONS = (
        ("canvass", "the version of canvass"),
        ("corpus", "LABELLED"),
        ("targets", "--target"),
        ("strategies", "--strategy"),
        ("seeds", "--seeds"),
        ("seed_size", "--seed-size"),
        ("negatives", "--negatives"),
        ("schedule", "the rounds (--rounds, --batch)"),
        ("budget_unit", "--budget-unit"),
        ("pool_share", "--pool-share"),
        ("noise", "--noise"),
        ("transfer", "--transfer"),
        ("test", "--test"),
    )

    def check(self) -> None:
        """Refuse numbers that make no sense; raises OptionError."""
        for option, number, least in (
            ("--seeds", self.seeds, 1),
            ("--seed-size", self.seed_size, 1),
            ("--negatives", self.negatives, 1),
            ("--rounds", len(self.schedule), 1),
            ("--batch", min(self.schedule, default=1), 1),
        ):
            if number < least:
                raise OptionError(f"{option} {number} makes no sense; it must be at least {least}")
        if self.budget_unit not in UNITS:
            raise OptionError(
                f"--budget-unit {self.budget_unit!r} is unknown; choose one of {', '.join(UNITS)}"
            )
        if not 0 <= self.noise < 1:
            raise OptionError(f"--noise {self.noise:g} makes no sense; it is a share, from 0 to less than 1")
        if self.pool_share is not None and not 0 < self.pool_share < 1:
            raise OptionError(f"--pool-share {self.pool_share:g} makes no sense; it lies between 0 and 1")

    def runs(self) -> list[RunName]:
        """List all runs, seed by seed, so that what is there of an unfinished study can be compared."""
        found = []
        for target in self.targets:
            baseline = "random" if target == ALL else "random-positive"
            for seed in range(self.seeds):
                found += [RunName(target, "prolonged", baseline, seed), RunName(target, "ceiling", "", seed)]
                found += [RunName(target, "strategy", name, seed) for name in self.strategies[target]]
        return found

    def schedule_of(self, kind: Kind) -> tuple[int, ...]:
        """Say what each round of a run may spend."""
        if kind == "ceiling":
            return ()
        return self.schedule if kind == "strategy" else prolonged(self.schedule, TIMES)

    def grows_to(self, other: Spec) -> bool:
        """Whether another study has all runs of this one, and perhaps more: of targets, strategies or seeds."""
        same = replace(self, targets=other.targets, strategies=other.strategies, seeds=other.seeds) == other
        return same and set(self.runs()) <= set(other.runs())

    def differs_in(self, other: Spec) -> str:
        """Name the first option in which two studies differ, and both values; an empty string where none does."""
        for name, option in self.OPTIONS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                if name in {"corpus", "strategies"}:
                    return option
                return f"{option} ({_words(mine)} there, {_words(theirs)} now)"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Take what `as_dict` gave, out of JSON; raises InputError where it does not fit."""
        names = {field.name for field in fields(cls)}
        if set(plain) != names or plain["transfer"] not in get_args(Transfer):
            raise InputError(f"the options of the study are not those expected ({', '.join(sorted(names))})")
        lists = {name: tuple(plain[name]) for name in ("targets", "schedule")}
        strategies = {target: tuple(some) for target, some in plain["strategies"].items()}
        return cls(**{**plain, **lists, "strategies": strategies})


def _words(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def strategies_for(target: Target, names: Sequence[str]) -> tuple[str, ...]:
    """Choose the strategies of a target: those named, or, for "all", all of the table that go with it.

    Raises
    ------
    OptionError
        If a strategy is unknown, named twice, or needs a committee where the target has none.

    """
    alone = target.kind == ALL
    if list(names) == [EVERY]:
        # What is meant for a target without a rest would spend its budget on everything else.
        return tuple(
            one.name
            for one in STRATEGIES.values()
            if (("committee" not in one.models) if alone else one.name != DEFAULT_FOR_ALL)
        )
    chosen = [strategy_named(name) for name in names]
    if len(set(names)) < len(chosen):
        raise OptionError("--strategy names one twice; name each once")
    for one in chosen:
        if alone and "committee" in one.models:
            fitting = ", ".join(strategies_for(target, [EVERY]))
            raise OptionError(
                f"--strategy {one.name} needs a committee, and with --target all there is no rest to tell the "
                f"target from; choose from {fitting}"
            )
    return tuple(one.name for one in chosen)


@dataclass(frozen=True)
class TargetFacts:
    """What a target's runs start from, the same for all seeds: numbers of utterances.

    `test_target` are those whose errors are counted; `budget` is in the study's unit, `budget_utterances` about how
    many that is for utterances of the target. `short_pool`: the pool has fewer than four times as many targets.
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
