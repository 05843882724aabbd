"""The embedded corpus: annotated requests to a home assistant, generated from sentence templates and invented values.

`embedded/requests.yaml` holds the sentence templates of each intent, `values.yaml` the values that fill them, and
`speech.yaml` the variation of spoken requests. The same seed gives the same list, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import accumulate
from typing import Any

import yaml

from canvass.corpus.templates import Alternatives, Draws, Grammar, Habits, join, parse
from canvass.errors import OptionError, TargetError
from canvass.seeding import generator
from canvass.types import Target, Utterance

SIZE = 24_000  # utterances
TRIES = 6  # attempts at a new text of an intent before another intent is drawn
PATIENCE = 100  # failures before an intent counts as exhausted

# Frequency of an utterance: P(count >= n) = n ** (1 - exponent). Short, plain requests are repeated more often.
PLAIN_WORDS = 6
PLAIN_EXPONENT, OTHER_EXPONENT, LARGEST_COUNT = 1.9, 2.6, 900

LABELLED_TARGET, LABELLED_OTHERS = 60, 1_500
TEST_TARGET, TEST_OTHERS = 600, 1_500
POOL_TARGET = 360  # at least, four times the budget of three rounds of thirty
POOL_SHARE = 0.05  # a more frequent target is thinned to this share of the pool

TIMERS = Target("domain", "timers")


@dataclass(frozen=True)
class Intent:
    """An intent: its share of the corpus, its sentence templates, and the cumulative sums of their weights."""

    domain: str
    name: str
    share: float
    sentences: list[Alternatives]
    cumulative: list[float]


@dataclass(frozen=True)
class DemoSplit:
    """A labelled set, a pool with its hidden labels, and a test set; no key is in two of them."""

    labelled: list[Utterance]
    pool: list[Utterance]
    test: list[Utterance]


@cache
def load(name: str) -> dict[str, Any]:
    """Load a data file of `embedded/` by its name without extension."""
    text = (resources.files("canvass.corpus") / "embedded" / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def load_intents() -> list[Intent]:
    """Load the intents of `requests.yaml`; the share of a domain is distributed by the weights of its intents."""
    intents = []
    for domain, entries in load("requests").items():
        total = sum(entry["weight"] for entry in entries["intents"].values())
        for name, entry in entries["intents"].items():
            share = entries["share"] * entry["weight"] / total
            sentences = [parse(sentence) for sentence in entry["sentences"]]
            cumulative = list(accumulate(entry["sentences"].values()))
            intents.append(Intent(domain, name, share, sentences, cumulative))
    return intents


def generate(seed: int = 0, size: int = SIZE) -> list[Utterance]:
    """Generate `size` distinct annotated utterances; the same seed gives the same list.

    Raises OptionError if `size` is negative, or larger than the number of distinct texts that were found.

    >>> [utterance.id for utterance in generate(size=2)]
    ['demo-000001', 'demo-000002']
    """
    if size < 0:
        raise OptionError(f"size {size} of the embedded corpus is negative; ask for 0 or more utterances")
    draws = Draws(generator(seed, "demo-corpus"))
    grammar, habits, intents = Grammar(load("values")), Habits(load("speech")), load_intents()
    cumulative = list(accumulate(intent.share for intent in intents))
    seen: set[str] = set()
    failures: dict[str, int] = {}
    utterances: list[Utterance] = []
    while len(utterances) < size:
        if not intents:
            raise OptionError(
                f"the embedded corpus has no {size} distinct utterances; ask for {len(utterances)} or fewer"
            )
        intent = draws.pick(intents, cumulative)
        for _ in range(TRIES):
            careful = grammar.expand(draws.pick(intent.sentences, intent.cumulative), draws)
            parts = habits.apply(careful, draws)
            text, slots = join(parts)
            if text not in seen:
                break
        else:
            failures[intent.name] = failures.get(intent.name, 0) + 1
            if failures[intent.name] >= PATIENCE:
                intents.remove(intent)
                cumulative = list(accumulate(intent.share for intent in intents))
            continue
        seen.add(text)
        plain = parts == careful and len(text.split()) <= PLAIN_WORDS
        exponent = PLAIN_EXPONENT if plain else OTHER_EXPONENT
        count = min(LARGEST_COUNT, int((1 - draws.uniform()) ** (-1 / (exponent - 1))))
        name = f"demo-{len(utterances) + 1:06d}"
        utterances.append(Utterance(text, name, count, intent.domain, intent.name, slots))
    return utterances


def split(seed: int = 0, target: Target = TIMERS) -> DemoSplit:
    """Split the corpus for a target: a small labelled set, a pool where the target is rare, and a test set.

    Pool utterances keep their labels; the simulation hides them. Raises TargetError if the corpus has too few
    utterances of the target; the message names domains that have enough.
    """
    wanted: list[Utterance] = []
    others: list[Utterance] = []
    for utterance in generate(seed):
        (wanted if target.matches(utterance) else others).append(utterance)
    needed = LABELLED_TARGET + TEST_TARGET + POOL_TARGET
    if len(wanted) < needed:
        counts = Counter(utterance.domain for utterance in wanted + others)
        large = sorted(f"domain:{domain}" for domain, count in counts.items() if count >= needed)
        raise TargetError(
            f"the embedded corpus has {len(wanted)} utterances of {target}, and a split needs {needed};"
            f" take one of {', '.join(large)}"
        )
    labelled, test, wanted = cut(shuffled(wanted, seed, "demo-target"), LABELLED_TARGET, TEST_TARGET)
    labelled_others, test_others, others = cut(
        shuffled(others, seed, "demo-others"), LABELLED_OTHERS, TEST_OTHERS
    )
    if others:
        wanted = wanted[: max(POOL_TARGET, round(len(others) * POOL_SHARE / (1 - POOL_SHARE)))]
    return DemoSplit(
        labelled=shuffled(labelled + labelled_others, seed, "demo-labelled"),
        pool=shuffled(wanted + others, seed, "demo-pool"),
        test=shuffled(test + test_others, seed, "demo-test"),
    )


def cut(utterances: list[Utterance], first: int, second: int) -> tuple[list[Utterance], ...]:
    """Divide into the first `first`, the next `second`, and the rest."""
    return utterances[:first], utterances[first : first + second], utterances[first + second :]


def shuffled(utterances: list[Utterance], seed: int, purpose: str) -> list[Utterance]:
    """Shuffle utterances by seed and purpose."""
    order = generator(seed, purpose).permutation(len(utterances))
    return [utterances[index] for index in order.tolist()]
