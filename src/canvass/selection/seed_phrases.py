"""Phrases that stand in for models while a target has hardly any labelled example.

What has the words of a phrase is taken for the target; the rest is ranked by the share of a phrase's character trigrams
that it has, where a word stands for all words of a phrase that the pool's word features say are like it. Both are
functions of the key and the phrases alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from canvass.corpus.formats.column_names import listed
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import lower_words
from canvass.errors import InputError, OptionError, shown
from canvass.features.word_features import WordFeatures
from canvass.models.nlu import NLU
from canvass.seeding import salt, uniforms
from canvass.selection.excluded_keys import ExcludedKeys
from canvass.selection.partial import Counters, Partial
from canvass.selection.plan import MAX_TOKENS, SIZE, Plan
from canvass.selection.scored_block import ScoredBlock
from canvass.selection.selection_models import check_options
from canvass.strategies import DEFAULT, Evidence, Strategy, majority
from canvass.types import ALL, Target, Utterance, Why

ENOUGH = 5  # labelled examples of the target, and of others: then models take over
NEAR = 0.5  # of a phrase's trigrams; what has fewer is not near
ALIKE = 0.7  # cosine of word vectors from which words are like one another
MOST_ALIKE = 10  # how many of them count
TIE = 2.0**-20  # less than two distances differ by
CACHED = 1 << 16  # words whose trigrams are kept at hand


def trigrams(word: str) -> list[str]:
    """List the character trigrams of a word with a blank at either end; a word of one character has one.

    >>> trigrams("pay")
    [' pa', 'pay', 'ay ']
    """
    padded = f" {word} "
    return [padded[place : place + 3] for place in range(len(padded) - 2)]


def untrained(target: Target, positives: int = 0) -> NLU:
    """Make the models of a target of which nothing can be learnt yet: none."""
    return NLU(target, None, None, None, positives, 0)


def lacking(labelled: Iterable[Utterance], target: Target) -> tuple[int, int] | None:
    """Count the examples of a target and of others; None once there are `ENOUGH` of both."""
    of_target = [target.matches(utterance) for utterance in labelled]
    counts = sum(of_target), len(of_target) - sum(of_target)
    return counts if min(counts) < ENOUGH else None


@dataclass(frozen=True)
class SeedPhrases:
    """Phrases, and the words of the pool that are like one of theirs: (word of the pool, word of a phrase)."""

    phrases: tuple[str, ...]
    alike: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, phrases: Sequence[str], target: Target, words: WordFeatures | None = None) -> Self:
        """Take phrases for a target, with the words that the word features of a pool say are like theirs.

        Raises OptionError if the target is `all`, which has no rest; InputError if there is no phrase, or one has no
        word.
        """
        if target.kind == ALL:
            raise OptionError(
                "phrases tell a target from the rest, and with --target all there is no rest; name domain:NAME or "
                "intent:NAME, or leave out --keywords and --seed-phrases"
            )
        if not phrases:
            raise InputError("there is no phrase to begin with; write at least one")
        for phrase in phrases:
            if not lower_words(key_of(phrase)):
                raise InputError(f"the phrase {shown(phrase)} has no word; leave it out, or write words")
        alike = set()
        for word in {word for phrase in phrases for word in lower_words(key_of(phrase))}:
            near = [] if words is None else words.nearest(word, MOST_ALIKE)
            alike |= {(neighbour.word, word) for neighbour in near if neighbour.cosine >= ALIKE}
        return cls(tuple(dict.fromkeys(phrases)), tuple(sorted(alike)))

    @cached_property
    def _words(self) -> list[list[str]]:
        return [lower_words(key_of(phrase)) for phrase in self.phrases]

    @cached_property
    def _bit_of(self) -> dict[str, int]:
        """One bit for each trigram of any phrase."""
        grams = dict.fromkeys(gram for words in self._words for word in words for gram in trigrams(word))
        return {gram: 1 << number for number, gram in enumerate(grams)}

    def _bits(self, word: str) -> int:
        """Which trigrams of the phrases a word has."""
        return reduce(or_, (self._bit_of.get(gram, 0) for gram in trigrams(word)), 0)

    @cached_property
    def _bits_of_words(self) -> dict[str, int]:
        """The trigrams of words that are like one of a phrase; others join as they are met."""
        bits: dict[str, int] = {}
        for word, of_phrase in self.alike:
            bits[word] = bits.get(word, self._bits(word)) | self._bits(of_phrase)
        return bits

    def has_words(self, column: pa.Array) -> NDArray[np.bool_]:
        """Tell which keys of a column have all words of a phrase, one after the other, in whatever case: bool (N,)."""
        lowered = pc.utf8_lower(column)
        found = pa.array(np.zeros(len(column), dtype=np.bool_))
        for words in self._words:
            found = pc.or_(found, pc.match_substring(lowered, max(words, key=len)))
        has: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False).copy()
        sought = [f" {' '.join(words)} " for words in self._words]
        for row in np.flatnonzero(has).tolist():
            text = f" {' '.join(lower_words(column[row].as_py()))} "
            has[row] = any(words in text for words in sought)
        return has

    def distances(self, column: pa.Array) -> NDArray[np.float64]:
        """Compute how far each key of a column is from the nearest phrase: float64 (N,), from 0 to 1.

        It is 1 less the share of the phrase's trigrams that the words of the key have.
        """
        wholes = [reduce(or_, map(self._bits, words)) for words in self._words]
        sizes = [whole.bit_count() for whole in wholes]
        learnt, known = self._bits_of_words, dict(self._bits_of_words)
        distances = np.ones(len(column))
        for row, key in enumerate(column.to_pylist()):
            has = 0
            for word in lower_words(key):
                if word not in known:
                    if len(known) > CACHED:
                        known = dict(learnt)
                    known[word] = self._bits(word)
                has |= known[word]
            if has:
                distances[row] = 1.0 - max(
                    (has & whole).bit_count() / size for whole, size in zip(wholes, sizes, strict=True)
                )
        return distances


def by_chance_in_turns(evidence: Evidence) -> NDArray[np.float64]:
    """Rank by the draw of the key, as `by_chance`, but near copies take turns."""
    return evidence.uniform.copy()


BY_PHRASES = Strategy("seed-phrases", frozenset(), majority, by_chance_in_turns, "uniform", "ours")


@dataclass(frozen=True)
class SeedPlan(Plan):
    """A plan of phrases for a target without models: the words of a phrase are the filter, nearness ranks the rest."""

    seeds: SeedPhrases = SeedPhrases(())

    why: ClassVar[tuple[Why, Why]] = ("near", "match")

    @classmethod
    def of_phrases(
        cls,
        seeds: SeedPhrases,
        target: Target,
        positives: int,
        excluded: ExcludedKeys,
        *,
        size: int = SIZE,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
        variety: bool = True,
    ) -> Self:
        """Plan for a target with so many labelled examples; raises OptionError if a number makes no sense."""
        check_options(DEFAULT, size, max_tokens, has_committee=True)
        return cls(
            untrained(target, positives), BY_PHRASES, size, seed, max_tokens, excluded, variety, seeds=seeds
        )

    def filter(self, block: ScoredBlock, members: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which rows have the words of a phrase and may be chosen: bool (N,)."""
        del members
        return block.eligible & self.seeds.has_words(block.keys)

    def rank_rest(
        self, block: ScoredBlock, members: NDArray[np.float64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rank what is near to a phrase by its distance; of equal distances, by the draw of the key."""
        del members
        distances = self.seeds.distances(block.keys.take(pa.array(rows)))
        near = distances <= 1.0 - NEAR
        draws = uniforms(salt(self.seed, "selection"), block.hashes[rows[near]])
        return rows[near], distances[near] + TIE * draws

    def nothing_left(self, counters: Counters) -> str:
        """Say why no row of the pool could be chosen."""
        if counters.rows == counters.blank + counters.labelled + counters.too_long:
            return super().nothing_left(counters)
        return (
            f"no request of the pool has the words of {listed(self.seeds.phrases)}, or is near to them; give other "
            "phrases (--keywords, --seed-phrases; of a project, seed_phrases in canvass.toml)"
        )

    def warnings(self, partial: Partial, chosen: int) -> tuple[str, ...]:
        """Say what a person should know: that no model has chosen, and what the phrases have found."""
        matching = min(partial.distinct_keys_passed, chosen)
        words = (
            f"there are {self.nlu.positives} labelled requests of {self.nlu.target}; until there are {ENOUGH} of it "
            f"and {ENOUGH} others no model chooses: {matching:,} of these {chosen:,} have the words of a phrase, "
            f"{chosen - matching:,} are near to one"
        )
        return (words,)
