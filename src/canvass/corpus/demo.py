"""The embedded corpus: annotated requests to a home assistant, made from real sentence templates.

The templates are those of Home Assistant (home-assistant-intents, Apache-2.0); `embedded` walks them with a
seeded generator, fills their lists with values of ours and lets people speak casually. The same seed gives
the same list, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canvass.corpus.embedded.casual import loosened
from canvass.corpus.embedded.dice import Dice
from canvass.corpus.embedded.parts import gather, join
from canvass.corpus.embedded.templates import Book, Template
from canvass.corpus.embedded.walk import walk
from canvass.corpus.embedded.wording import worded
from canvass.errors import OptionError, TargetError
from canvass.seeding import generator
from canvass.types import Slot, Target, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 24_000
TRIES = 6  # at a new text of an intent before another intent is drawn
PATIENCE = 100  # draws without a new text before an intent counts as exhausted

# How often an utterance was heard: P(at least n) is n ** (1 - exponent). What is short and plain comes again.
PLAIN_WORDS = 6
PLAIN_EXPONENT, OTHER_EXPONENT, MOST_OFTEN = 1.9, 2.6, 900

LABELLED_TARGET, LABELLED_OTHERS = 60, 1_500
TEST_TARGET, TEST_OTHERS = 600, 1_500
POOL_TARGET = 360  # at least: four times a budget of three rounds of thirty
POOL_SHARE = 0.05  # a domain that is asked for more often is thinned to this share of the pool

TIMERS = Target("domain", "timers")


@dataclass(frozen=True)
class DemoSplit:
    """A labelled set, a pool with its hidden labels, and a test set; no key is in two of them."""

    labelled: list[Utterance]
    pool: list[Utterance]
    test: list[Utterance]


def generate(seed: int = 0, size: int = SIZE) -> list[Utterance]:
    """Generate distinct annotated utterances; the same seed gives the same list.

    Raises
    ------
    ExtraMissingError
        If hassil or home-assistant-intents is not installed.
    OptionError
        If `size` is negative, or more than the templates can say differently.
    """
    if size < 0:
        raise OptionError(f"size {size} of the embedded corpus is negative; ask for 0 or more utterances")
    dice = Dice(generator(seed, "demo-corpus"))
    book = Book.load()
    seen: set[str] = set()
    utterances: list[Utterance] = []
    failures: dict[str, int] = {}
    while len(utterances) < size:
        row = book.draw_row(dice)
        if row is None:
            raise OptionError(
                f"the embedded corpus has no {size} distinct utterances; ask for {len(utterances)} or fewer"
            )
        for _ in range(TRIES):
            text, slots, plain = say(book.draw_template(row, dice), dice)
            if text and text not in seen:
                break
        else:
            failures[row.intent] = failures.get(row.intent, 0) + 1
            if failures[row.intent] >= PATIENCE:
                book.close_row(row)
            continue
        seen.add(text)
        count = dice.zipf(PLAIN_EXPONENT if plain else OTHER_EXPONENT, MOST_OFTEN)
        name = f"demo-{len(utterances) + 1:06d}"
        utterances.append(Utterance(text, name, count, row.domain, row.intent, slots))
    return utterances


def say(template: Template, dice: Dice) -> tuple[str, tuple[Slot, ...], bool]:
    """Say a template once: the text (its own key), its slots, and whether it is short and unaltered."""
    careful = worded(gather(walk(template.node, template.scope(dice), dice)), template.kind, dice)
    parts = loosened(careful, dice)
    text, slots = join(parts)
    return text, slots, parts == careful and len(text.split()) <= PLAIN_WORDS


def split(seed: int = 0, target: Target = TIMERS) -> DemoSplit:
    """Split the corpus for a target: few labelled, a pool where the target is rare, and a test set.

    Pool utterances keep their labels; whoever plays the annotator hides them.

    Raises
    ------
    TargetError
        If the corpus has too little of the target, with the domains that it has enough of.
    """
    corpus = generate(seed)
    wanted = [utterance for utterance in corpus if target.matches(utterance)]
    others = [utterance for utterance in corpus if not target.matches(utterance)]
    if len(wanted) < LABELLED_TARGET + TEST_TARGET + POOL_TARGET:
        raise TargetError(
            f"the embedded corpus has {len(wanted)} utterances of {target}, and a split needs"
            f" {LABELLED_TARGET + TEST_TARGET + POOL_TARGET}; take one of {', '.join(large_domains(corpus))}"
        )
    wanted = shuffled(wanted, seed, "demo-target")
    others = shuffled(others, seed, "demo-others")
    labelled, wanted = cut(wanted, LABELLED_TARGET)
    test, wanted = cut(wanted, TEST_TARGET)
    labelled_others, others = cut(others, LABELLED_OTHERS)
    test_others, others = cut(others, TEST_OTHERS)
    if others:
        wanted = wanted[: max(POOL_TARGET, round(len(others) * POOL_SHARE / (1 - POOL_SHARE)))]
    return DemoSplit(
        labelled=shuffled(labelled + labelled_others, seed, "demo-labelled"),
        pool=shuffled(wanted + others, seed, "demo-pool"),
        test=shuffled(test + test_others, seed, "demo-test"),
    )


def large_domains(corpus: Sequence[Utterance]) -> list[str]:
    """List the domains that are large enough for a split."""
    counts: dict[str, int] = {}
    for utterance in corpus:
        counts[str(utterance.domain)] = counts.get(str(utterance.domain), 0) + 1
    needed = LABELLED_TARGET + TEST_TARGET + POOL_TARGET
    return [f"domain:{name}" for name, count in sorted(counts.items()) if count >= needed]


def cut(utterances: list[Utterance], count: int) -> tuple[list[Utterance], list[Utterance]]:
    """Cut off the first few."""
    return utterances[:count], utterances[count:]


def shuffled(utterances: list[Utterance], seed: int, purpose: str) -> list[Utterance]:
    """Put utterances into a random order."""
    order = generator(seed, purpose).permutation(len(utterances))
    return [utterances[index] for index in order.tolist()]
