"""Starts of runs: a test set that is the same for all seeds, a labelled set and a pool for each seed, and their facts.

Every draw is a hash of (seed, purpose, key), and utterances are ordered by their keys or their draws, so that the order
of the corpus's files has no influence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from canvass.corpus.normalise import key_of
from canvass.errors import InputError, OptionError, TrainingError
from canvass.evaluation import HeldOut
from canvass.features.extraction import hash_column
from canvass.features.key_sample import KeySample
from canvass.features.word_features import WordFeatures, is_enough, learn
from canvass.seeding import salt, uniforms
from canvass.simulation.budget import cost
from canvass.simulation.spec import PROLONGED_TIMES, SHORT_POOL_TIMES, Spec, TargetFacts, TestPart
from canvass.types import Target, Utterance

# What another model says: key, column of the pool (score, intent_probability or slots_probability), value.
Opinions = Mapping[str, Mapping[str, float]]

TEST_SHARE = 0.2  # of the keys, where the corpus has no test part of its own
TEST_SPLIT = "test"


@dataclass(frozen=True)
class Start:
    """The common start of all strategies of a seed: labelled set, pool and test set; `Corpus.start` draws it."""

    labelled: tuple[Utterance, ...]
    pool: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


def learn_words(start: Start) -> WordFeatures | None:
    """Learn word features from the texts of the pool alone; None if it teaches too little."""
    sample = KeySample()
    sample.add(pa.array([utterance.text for utterance in start.pool], type=pa.string()))
    try:
        return learn(sample.keys())
    except TrainingError:
        return None


@dataclass(frozen=True)
class Corpus:
    """An annotated corpus divided into a test set and the rest, once for all targets and seeds.

    `rest` and `test` are in the order of their keys; `hashes` uint64 (N,) are those of the keys of `rest`.

    >>> from canvass.types import Target, Utterance
    >>> corpus = Corpus.of([Utterance(f"play song {i}", intent="PlayMusic") for i in range(50)])
    >>> start = corpus.start(Target.parse("all"), seed=0, positives=5, negatives=0)
    >>> len(start.labelled), len(start.labelled + start.pool + start.test)
    (5, 50)
    """

    rest: tuple[Utterance, ...]
    hashes: NDArray[np.uint64]
    test: tuple[Utterance, ...]

    @classmethod
    def of(cls, utterances: Sequence[Utterance], *, test: TestPart = "fifth") -> Self:
        """Divide a corpus; the first utterance of a key is taken, and no key of the test set is in the rest.

        `test` is "own" for the records whose split is "test", or "fifth" for a fifth by hash of the key. Raises
        InputError if `test` is "own" and the corpus has no test part, or nothing but a test part.
        """
        if test == "own":
            by_key = _by_key([utterance for utterance in utterances if utterance.split == TEST_SPLIT])
            rest = _by_key([utterance for utterance in utterances if utterance.split != TEST_SPLIT])
            rest = {key: utterance for key, utterance in rest.items() if key not in by_key}
            if not by_key or not rest:
                lacking = "no record" if not by_key else "only records"
                raise InputError(
                    f"the corpus has {lacking} with the split {TEST_SPLIT!r}; take a fifth of it by hash "
                    "(--test fifth), or name the file that is missing"
                )
            return cls(tuple(rest.values()), _hashes(rest), tuple(by_key.values()))
        everything = _by_key(utterances)
        hashes = _hashes(everything)
        is_test = uniforms(salt(0, "test"), hashes) < TEST_SHARE
        pairs = list(zip(everything.values(), is_test.tolist(), strict=True))
        return cls(
            tuple(utterance for utterance, in_test in pairs if not in_test),
            hashes[~is_test],
            tuple(utterance for utterance, in_test in pairs if in_test),
        )

    @property
    def teaches_words(self) -> bool:
        """Whether word features can be learnt from all that is not for the test."""
        return is_enough(pa.array([utterance.text for utterance in self.rest], type=pa.string()))

    def start(
        self, target: Target, *, seed: int, positives: int, negatives: int, pool_share: float | None = None
    ) -> Start:
        """Draw the labelled set of a seed, and reduce the target in the pool to the share `pool_share`.

        `positives` utterances of the target and `negatives` others are labelled; a target of all has no others. Raises
        OptionError if the corpus has too few utterances for the labelled set or for `pool_share`.
        """
        order = np.argsort(uniforms(salt(seed, "start"), self.hashes), kind="stable").tolist()
        matches = [target.matches(utterance) for utterance in self.rest]
        ours = [self.rest[i] for i in order if matches[i]]
        others = [self.rest[i] for i in order if not matches[i]]
        wanted = [(f"of {target}", ours, positives)]
        if target.kind == "all":
            negatives = 0  # there are no others
        else:
            wanted.append(("of others", others, negatives))
        for name, available, asked in wanted:
            if len(available) <= asked:
                raise OptionError(
                    f"the corpus has {len(available)} utterances {name} beside the test set, {asked} are asked for "
                    "the labelled set, and the pool needs some; ask for fewer"
                )
        labelled = [*ours[:positives], *others[:negatives]]
        ours, others = ours[positives:], others[negatives:]
        if pool_share is not None and target.kind != "all":
            ours = ours[: _thinned(len(ours), len(others), pool_share)]
        return Start(tuple(labelled), (*ours, *others), self.test)


def _by_key(utterances: Sequence[Utterance]) -> dict[str, Utterance]:
    """Map each key, in sorted order, to its first utterance."""
    by_key: dict[str, Utterance] = {}
    for utterance in utterances:
        by_key.setdefault(key_of(utterance.text), utterance)
    return dict(sorted(by_key.items()))


def _hashes(by_key: dict[str, Utterance]) -> NDArray[np.uint64]:
    return hash_column(pa.array(list(by_key), type=pa.string()))


def _thinned(ours: int, others: int, share: float) -> int:
    """Compute how many utterances of the target make up `share` of the pool beside all others."""
    wanted = round(others * share / (1 - share))
    if wanted > ours or wanted < 1:
        raise OptionError(
            f"--pool-share {share:g} asks for {wanted} utterances of the target in the pool beside {others} others, "
            f"and there are {ours}; the share can be at most {ours / (ours + others):.3f}"
        )
    return wanted


def digest_of(utterances: Iterable[Utterance], opinions: Opinions | None = None) -> str:
    """Compute the BLAKE2b digest (16 bytes, hexadecimal) of annotated utterances, whatever their order.

    Another model's opinions of them, if there are any, belong to it.
    """
    lines = sorted(
        json.dumps(
            [
                utterance.text,
                utterance.id,
                utterance.count,
                utterance.domain,
                utterance.intent,
                utterance.split,
                None
                if utterance.slots is None
                else [(slot.start, slot.end, slot.label) for slot in utterance.slots],
            ],
            ensure_ascii=False,
        )
        for utterance in utterances
    )
    lines += sorted(
        json.dumps([key, dict(given)], ensure_ascii=False) for key, given in (opinions or {}).items()
    )
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def facts_of(corpus: Corpus, spec: Spec, name: str) -> TargetFacts:
    """Count the utterances that the runs of a target start from.

    Raises OptionError if the corpus has too few utterances for the labelled set, or for the budget; InputError if no
    test utterance of the target is annotated for slots.
    """
    target = Target.parse(name)
    start = corpus.start(
        target, seed=0, positives=spec.seed_size, negatives=spec.negatives, pool_share=spec.pool_share
    )
    held_out = HeldOut.of(start.test, target)
    of_target = [utterance for utterance in start.pool if target.matches(utterance)]
    mean_cost = sum(cost(utterance, spec.budget_unit) for utterance in of_target) / max(1, len(of_target))
    budget = sum(spec.schedule)
    utterances = round(budget / max(1.0, mean_cost))
    if len(start.pool) < PROLONGED_TIMES * utterances:
        raise OptionError(
            f"the pool of {target} has {len(start.pool)} utterances, and the run that goes on to "
            f"{PROLONGED_TIMES} times the budget takes {PROLONGED_TIMES * utterances}; spend less, or give a larger "
            "corpus"
        )
    return TargetFacts(
        target=name,
        labelled=len(start.labelled),
        pool=len(start.pool),
        pool_target=len(of_target),
        test=len(start.test),
        test_target=len(held_out.ours),
        budget=budget,
        budget_utterances=utterances,
        short_pool=len(of_target) < SHORT_POOL_TIMES * utterances,
    )
