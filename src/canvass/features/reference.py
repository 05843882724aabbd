"""The specification of all features, to the byte, in plain Python; for tests and docs.

`features.kernels` computes the same from Arrow's bytes. Texts are keys (see `corpus.normalise`).

Committee and intent classifier: each word, pair and triple of neighbouring words, lower-cased, is hashed into one
of F = 2^bits buckets; each occurrence adds 1 / sqrt(n), n the number of occurrences in the utterance.

Tagger: each token has the twelve attributes of `ATTRIBUTES`, each a hash of its name and of the words it looks at.
With word features it has those of `CLUSTER_ATTRIBUTES`, too: the clusters, at each grain, of its own lower-cased word,
of the word before and of the word after.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

from canvass.corpus.characters import KIND, LETTER, NUMBER, SINGLE, UPPER, describe, lower
from canvass.corpus.spans import lower_words, tokens
from canvass.seeding import MASK, hash64, mix64

NGRAM_FACTOR = 0xA0761D6478BD642F
BUCKET_FACTOR = 0x9E3779B97F4A7C15
# Stands for the tokens before the first and after the last.
BEYOND = hash64(b"\x00")
ATTRIBUTES = (
    "bias", "word", "prefix3", "suffix2", "suffix3", "shape",
    "word-2", "word-1", "word+1", "word+2", "word-1|word", "word|word+1",
)  # fmt: skip
CLUSTER_ATTRIBUTES = tuple(
    f"cluster/{grain}{place}" for grain in (32, 128, 512) for place in ("", "-1", "+1")
)
UNKNOWN_WORD, BEYOND_ENDS = -1, -2  # clusters of words without one, and of what is beyond the ends


def ngrams(key: str) -> list[int]:
    """Hash the n-grams of a key, in the order of summation: of each word, those that end with it, short ones first."""
    words = [hash64(word.encode()) for word in lower_words(key)]
    states = []
    for last in range(len(words)):
        for first in range(last, max(last - 3, -1), -1):
            state = 0
            for word in words[first : last + 1]:
                state = (state * NGRAM_FACTOR + word) & MASK
            states.append(state)
    return states


def bucket(ngram: int, bits: int) -> int:
    """Choose the bucket of an n-gram: the highest bits of its state, multiplied."""
    return (((ngram ^ (ngram >> 32)) * BUCKET_FACTOR) & MASK) >> (64 - bits)


def features(key: str, bits: int) -> list[tuple[int, float]]:
    """List the (bucket, value) pairs of a key; a bucket that is hit twice stands there twice."""
    hashes = ngrams(key)
    return [(bucket(ngram, bits), 1 / math.sqrt(len(hashes))) for ngram in hashes]


def scores(key: str, table: list[list[float]], bias: list[float], bits: int) -> list[float]:
    """Score a key with all members: y_m = w_m . phi(x) + b_m. `table` is (F, M), `bias` (M,)."""
    buckets = [bucket(ngram, bits) for ngram in ngrams(key)]
    if not buckets:
        return list(bias)
    scale = 1 / math.sqrt(len(buckets))
    sums = []
    for member, constant in enumerate(bias):
        total = 0.0
        for row in buckets:
            total += table[row][member]
        sums.append(total * scale + constant)
    return sums


def shape(word: str) -> str:
    """Draw the shape of a word as written: X upper case, x other letters, d numbers, runs as one.

    >>> shape("McDonald"), shape("7pm"), shape("歌")
    ('XxXx', 'dx', 'x')
    """
    drawn = []
    for character in word:
        described = describe(character)
        kind = described & KIND
        if described & UPPER:
            drawn.append("X")
        elif kind in (LETTER, SINGLE):
            drawn.append("x")
        elif kind == NUMBER:
            drawn.append("d")
        else:
            drawn.append(character)
    return "".join(sign if sign in "Xxd" else sign * len(list(run)) for sign, run in groupby(drawn))


def attribute(name: str, *parts: int) -> int:
    """Hash an attribute from its name and the hashes of the words, or parts of words, that it looks at."""
    state = hash64(name.encode())
    for part in parts:
        state = mix64(state ^ part)
    return state


def attributes(key: str) -> list[list[int]]:
    """Hash the attributes of each token, in the order of `ATTRIBUTES`: (T, 12)."""
    spans = tokens(key)
    written = [key[token.start : token.end] for token in spans]
    lowered = [lower(word) for word in written]
    words = [BEYOND, BEYOND, *(hash64(word.encode()) for word in lowered), BEYOND, BEYOND]
    rows = []
    for i, word in enumerate(lowered):
        before_2, before, here, after, after_2 = words[i : i + 5]
        parts: tuple[tuple[int, ...], ...] = (
            (),
            (here,),
            (hash64(word[:3].encode()),),
            (hash64(word[-2:].encode()),),
            (hash64(word[-3:].encode()),),
            (hash64(shape(written[i]).encode()),),
            (before_2,),
            (before,),
            (after,),
            (after_2,),
            (before, here),
            (here, after),
        )
        rows.append([attribute(name, *looked_at) for name, looked_at in zip(ATTRIBUTES, parts, strict=True)])
    return rows


def cluster_attributes(key: str, clusters: Mapping[str, Sequence[int]]) -> list[list[int]]:
    """Hash the cluster attributes of each token, in the order of `CLUSTER_ATTRIBUTES`: (T, 9).

    `clusters` holds those of each word of the vocabulary, coarse to fine.
    """
    unknown, beyond = (UNKNOWN_WORD,) * 3, (BEYOND_ENDS,) * 3
    of_words = [clusters.get(lower(key[token.start : token.end]), unknown) for token in tokens(key)]
    padded = [beyond, *of_words, beyond]
    rows = []
    for i in range(1, len(padded) - 1):
        numbers = [padded[i + offset][grain] for grain in range(3) for offset in (0, -1, 1)]
        rows.append(
            [attribute(name, number & MASK) for name, number in zip(CLUSTER_ATTRIBUTES, numbers, strict=True)]
        )
    return rows


def context_counts(keys: Sequence[str], words: Sequence[str], contexts: int) -> list[list[list[int]]]:
    """Count the neighbours at -2, -1, +1 and +2 of each word of a vocabulary: (V, 4, contexts + 2).

    The columns are the first `contexts` words of the vocabulary, any other word, and what is beyond the ends of a key.
    """
    row_of = {word: row for row, word in enumerate(words)}
    counts = [[[0] * (contexts + 2) for _ in range(4)] for _ in words]
    for key in keys:
        lowered = [lower(key[token.start : token.end]) for token in tokens(key)]
        for i, word in enumerate(lowered):
            if word not in row_of:
                continue
            for place, offset in enumerate((-2, -1, 1, 2)):
                column = contexts + 1
                if 0 <= i + offset < len(lowered):
                    column = min(row_of.get(lowered[i + offset], contexts), contexts)
                counts[row_of[word]][place][column] += 1
    return counts
