"""`canvass demo`: the whole loop on the embedded corpus, in under a minute."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from canvass.cli import options, terminal
from canvass.cli.batches import show_candidates
from canvass.errors import OptionError
from canvass.metrics import score
from canvass.types import Target

if TYPE_CHECKING:
    from canvass.corpus.demo_corpus import DemoSplit

ROUNDS = 3
BATCH = 30
SHOWN = 10
BASELINE = "random-positive"
STARTS = 3  # seeds that are averaged: one alone is mostly luck
LONGEST_BAR = 34


def command(
    *,
    target: Annotated[
        str,
        options.target_option("Choose requests of this domain or intent of the embedded corpus."),
    ] = "domain:timers",
    seed: options.SeedOption = 0,
) -> None:
    """Choose from the embedded corpus, then run three rounds with hidden labels and watch the error fall."""
    from canvass.corpus.demo_corpus import generate, split

    wanted = Target.parse(target)
    if wanted.kind == "all":
        raise OptionError(
            "--target all makes no sense for the demo, which tells a target from the rest; name a domain or "
            "an intent"
        )
    wanted = wanted.resolved(generate(seed))
    start = time.monotonic()
    with terminal.busy("making the corpus"):
        total = len(generate(seed))
        corpora = [split(seed + number, wanted) for number in range(STARTS)]
    _say(
        "The embedded corpus:",
        f"{total:,} requests to a home assistant, made from templates and values. Their labels are known, "
        "and hidden from canvass.",
    )
    _select(corpora[0], wanted, seed)
    _simulate(corpora, wanted, seed)
    _say("", f"{time.monotonic() - start:.0f} seconds in all. Next: canvass select --help")


def _say(heading: str, text: str) -> None:
    """Print a paragraph, and a blank line."""
    terminal.show((heading, "bold"), " " if heading else "", text)
    terminal.show()


def _select(corpus: DemoSplit, target: Target, seed: int) -> None:
    """Choose the first batch, and show it as `canvass select` does."""
    from canvass.corpus.pool import Pool
    from canvass.selection.engines import select
    from canvass.selection.plan import Plan

    of_target = sum(map(target.matches, corpus.labelled))
    pool = [replace(utterance, domain=None, intent=None, slots=None) for utterance in corpus.pool]
    plan = Plan.train(corpus.labelled, target, size=BATCH, seed=seed)
    start = time.monotonic()
    batch = select(plan, Pool.of(pool))
    seconds = time.monotonic() - start
    _say(
        "1. Choose.",
        f"{len(corpus.labelled):,} are labelled, {of_target} of them {target}. Of {len(pool):,} others, "
        f"{batch.counters.passed:,} pass the majority filter. The {SHOWN} most worth a person's time, chosen "
        f"in {seconds:.1f} s, with predictions to correct:",
    )
    show_candidates(terminal.console(), batch.candidates, SHOWN)
    terminal.show()


def _simulate(corpora: Sequence[DemoSplit], target: Target, seed: int) -> None:
    """Run the loop with the default strategy and with `random-positive`, and compare their errors."""
    from canvass.simulation.runs import Run
    from canvass.simulation.start import Start, learn_words
    from canvass.strategies import DEFAULT

    _say(
        "2. Learn.",
        f"{ROUNDS} rounds of {BATCH} annotations, answered from the hidden labels; slot error rate on "
        f"{sum(map(target.matches, corpora[0].test))} other requests, mean of {len(corpora)} starts. "
        f"{BASELINE} takes any requests that look like the target; {DEFAULT} takes the hard ones. Both predict with "
        "word features, learnt from the texts of the pool.",
    )
    strategies = (BASELINE, DEFAULT)
    curves: dict[str, list[list[float]]] = {name: [] for name in strategies}
    with terminal.progress("running", len(strategies) * len(corpora) * (ROUNDS + 1), "rounds") as advance:
        for number, corpus in enumerate(corpora):
            start = Start(tuple(corpus.labelled), tuple(corpus.pool), tuple(corpus.test))
            words = learn_words(start)
            for name in strategies:
                rates = []
                for state in Run(start, target, name, (BATCH,) * ROUNDS, seed + number, words=words).states():
                    rates.append(score(state.errors).slot_error_rate)
                    advance(1, 1)
                curves[name].append(rates)
    errors = {
        name: [sum(rates) / len(rates) for rates in zip(*runs, strict=True)] for name, runs in curves.items()
    }
    _show_errors(errors)
    ours, theirs = errors[DEFAULT][-1], errors[BASELINE][-1]
    change = abs(1 - ours / max(theirs, 1e-9))
    _say(
        f"{change:.0%} {'fewer' if ours <= theirs else 'more'} errors",
        f"are made after {ROUNDS * BATCH} annotations chosen by {DEFAULT} than by {BASELINE}.",
    )


def _show_errors(errors: dict[str, list[float]]) -> None:
    """Draw the error of each strategy after each round as bars."""
    from canvass.strategies import DEFAULT

    bar_width = max(4, min(LONGEST_BAR, terminal.console().width - 44))
    for number in range(ROUNDS + 1):
        for name, curve in errors.items():
            label = f"{number * BATCH} annotations" if name == BASELINE else ""
            bar = "█" * round(bar_width * curve[number] / max(*(rates[0] for rates in errors.values()), 1e-9))
            style = "#008a64" if name == DEFAULT else "#808080"
            terminal.show(f"{label:>15}  {name:<16} {curve[number]:6.1%} ", (bar, style))
    terminal.show()
