"""`canvass demo`: the whole loop on the embedded corpus, in under a minute."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from canvass.corpus.demo import DemoSplit
    from canvass.simulation import Round
    from canvass.types import Target

ROUNDS = 3
BATCH = 30
SHOWN = 10
BASELINE = "random-positive"
STARTS = 3  # seeds that are averaged: one alone is mostly luck
BAR = 34


def command(
    *,
    target: Annotated[
        str, typer.Option("--target", metavar="T", help="A domain or an intent of the embedded corpus.")
    ] = "domain:timers",
    seed: Annotated[int, typer.Option("--seed", help="Of the corpus and of every draw.")] = 0,
) -> None:
    """Choose a batch from the embedded corpus, then play three rounds with hidden labels and watch the error fall."""
    from canvass.corpus.demo import generate, split
    from canvass.types import Target

    wanted = Target.parse(target)
    console = terminal.console()
    start = time.monotonic()
    total = len(generate(seed))
    console.print(
        f"[bold]The embedded corpus[/bold]: {total:,} requests to a home assistant, made from the sentence templates of "
        "Home Assistant. Their labels are known, and hidden from canvass.\n"
    )
    first = split(seed, wanted)
    _select(console, first, wanted, seed)
    _play(console, [first, *(split(seed + i, wanted) for i in range(1, STARTS))], wanted, seed)
    console.print(f"\n[dim]{time.monotonic() - start:.0f} seconds in all. Next: canvass select --help[/dim]")


def _select(console: Console, corpus: DemoSplit, target: Target, seed: int) -> None:
    """Choose the first batch, and show it as `canvass select` does."""
    from canvass.corpus.pool import Pool
    from canvass.selection.local import select
    from canvass.selection.plan import Plan

    of_target = sum(map(target.matches, corpus.labelled))
    pool = [replace(one, domain=None, intent=None, slots=None) for one in corpus.pool]
    plan = Plan.train(corpus.labelled, target, size=BATCH, seed=seed)
    start = time.monotonic()
    batch = select(plan, Pool.of(pool))
    seconds = time.monotonic() - start
    console.print(
        f"[bold]1. Choose.[/bold] {len(corpus.labelled):,} are labelled, {of_target} of them {target}. Of {len(pool):,} "
        f"others, {batch.counters.passed:,} pass the majority filter. The {SHOWN} most worth a person's time, chosen in "
        f"{seconds:.1f} s, with predictions to correct:\n"
    )
    terminal.show_candidates(console, batch.candidates, SHOWN)


def _play(console: Console, corpora: Sequence[DemoSplit], target: Target, seed: int) -> None:
    """Play the loop with the default strategy and with the honest baseline, and compare."""
    from canvass.simulation import Start, play
    from canvass.strategies import DEFAULT

    console.print(
        f"\n[bold]2. Learn.[/bold] {ROUNDS} rounds of {BATCH} annotations, answered from the hidden labels; slot error "
        f"rate on {sum(map(target.matches, corpora[0].test))} other requests, mean of {len(corpora)} starts. {BASELINE} "
        f"takes any requests that look like the target; {DEFAULT} takes the hard ones.\n"
    )
    strategies = (BASELINE, DEFAULT)
    curves: dict[str, list[list[Round]]] = {name: [] for name in strategies}
    with terminal.progress("playing", len(strategies) * len(corpora) * (ROUNDS + 1), "rounds") as advance:
        for number, corpus in enumerate(corpora):
            start = Start(tuple(corpus.labelled), tuple(corpus.pool), tuple(corpus.test))
            for name in strategies:
                curves[name].append(
                    play(
                        start,
                        target,
                        name,
                        rounds=ROUNDS,
                        batch=BATCH,
                        seed=seed + number,
                        after_round=_advance_by_one(advance),
                    )
                )
    errors = {name: _mean_errors(runs) for name, runs in curves.items()}
    for number in range(ROUNDS + 1):
        for name in strategies:
            label = f"{number * BATCH} annotations" if name == strategies[0] else ""
            bar = "█" * round(BAR * errors[name][number] / max(errors[name][0], 1e-9))
            style = "bold #009e73" if name == DEFAULT else "#888888"
            console.print(f"{label:>15}  {name:<16} {errors[name][number]:6.1%} [{style}]{bar}[/]")
    ours, theirs = errors[DEFAULT][-1], errors[BASELINE][-1]
    console.print(
        f"\nAfter {ROUNDS * BATCH} annotations {DEFAULT} makes [bold]{abs(1 - ours / theirs):.0%} "
        f"{'fewer' if ours <= theirs else 'more'} errors[/bold] than {BASELINE}."
    )


def _advance_by_one(advance: Callable[[int, int], None]) -> Callable[[Round], None]:
    return lambda _round: advance(1, 1)


def _mean_errors(runs: Sequence[Sequence[Round]]) -> list[float]:
    return [sum(one.scores.slot_error_rate for one in rounds) / len(rounds) for rounds in zip(*runs, strict=True)]
