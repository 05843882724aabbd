"""Variety in a batch: copies of what is labelled stay out; near copies of one another, and intents, take turns.

A partial keeps more candidates than a batch has (`capacity_for`), so this is decided once, when all partials are
merged, from nothing but keys in rank order: any order, sharding and engine gives the same batch. Where one template or
one text has more variants than that surplus, the batch is filled with them all the same.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from canvass.corpus.spans import lower_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from canvass.models.nlu import NLU

SURPLUS, FEWEST_KEPT = 8, 500
IN_TURN = 4  # times the size of a batch: the best of which intents take turns
SHARE, FEWEST_ALIKE = (
    10,
    2,
)  # near copies that a batch has before others get their turn: a tenth, at least two
ALIKE = 0.6  # of the words and pairs of words that two utterances have, the share that is in both (Dice 1945)
QUOTES = {ord(quote): "'" for quote in "\u2018\u2019\u201b`\u00b4"} | {
    ord(quote): '"' for quote in "\u201c\u201d\u201e\u201f\u00ab\u00bb"
}
RIMS = " .,!?;:'\"()[]-\u2013\u2014\u00a1\u00bf\u3001\u3002\u300c\u300d\u300e\u300f\u060c\u061f\u0964"
BEFORE_NUMBERS = "-."


class Thinned(NamedTuple):
    """Which candidates make the batch, by their places in rank order; and for each, how many near copies do not."""

    places: list[int]
    passed_over: list[int]


def capacity_for(size: int) -> int:
    """Count the candidates that a partial keeps for a batch of `size`."""
    return max(SURPLUS * size, FEWEST_KEPT)


@lru_cache(maxsize=1 << 15)  # of what is excluded and of the best candidates, again in every round
def folded(key: str) -> str:
    r"""Fold what makes no other request of a key: width forms, kinds of quotes, punctuation at the rims.

    >>> folded('"Play  river"!'), folded("\uff30lay river")
    ('Play river', 'Play river')
    """
    text = " ".join(unicodedata.normalize("NFKC", key).translate(QUOTES).split())
    end = len(text.rstrip(RIMS))
    start = min(len(text) - len(text.lstrip(RIMS)), end)
    if start and text[start].isnumeric() and text[start - 1] in BEFORE_NUMBERS:
        start -= 1
    return text[start:end] or text


def thin(keys: Sequence[str], size: int) -> Thinned:
    """Choose `size` of the candidates, or all if they are fewer, so that near copies take turns.

    In rank order, each candidate joins the first group to whose first member it is alike (`ALIKE`), or begins one,
    until the batch is full: of a group, a tenth of the batch or two (`SHARE`, `FEWEST_ALIKE`) have a place at once.
    Where that leaves room, the others follow, those of the smallest groups first.

    Parameters
    ----------
    keys
        Of the candidates, in rank order.
    size
        Of the batch.

    Returns
    -------
    The places of the chosen in rank order, and for each of them the near copies that were passed over: of a group, they
    count for its first member.

    """
    group_of: list[int] = []
    members: list[list[int]] = []
    leaders: defaultdict[str, list[int]] = defaultdict(list)  # feature: groups whose first member has it
    sizes: list[int] = []
    allowed = max(FEWEST_ALIKE, -(-size // SHARE))
    within = 0
    for place, key in enumerate(keys):
        if within == size:
            break
        features = set(_features(key))
        shared = Counter(group for feature in features for group in leaders[feature])
        alike = (
            group for group, both in shared.items() if 2 * both >= ALIKE * (len(features) + sizes[group])
        )
        group = min(alike, default=len(members))
        if group == len(members):
            members.append([])
            sizes.append(len(features))
            for feature in features:
                leaders[feature].append(group)
        members[group].append(place)
        group_of.append(group)
        within += len(members[group]) <= allowed
    chosen = [place for group in members for place in group[:allowed]]
    others = sorted((len(group), place) for group in members for place in group[allowed:])
    chosen = sorted([*chosen, *(place for _, place in others[: size - len(chosen)])])
    left = Counter(group_of)
    left.subtract(group_of[place] for place in chosen)
    leader = {group[0]: number for number, group in enumerate(members)}
    return Thinned(chosen, [left[leader[place]] if place in leader else 0 for place in chosen])


def in_turn(groups: Sequence[int], had: Sequence[int]) -> list[int]:
    """Order places so that the next is always of the group that has had fewest so far; of equals, the first.

    `groups` numbers the group of each place, `had` counts what each group has had.

    >>> in_turn([0, 0, 0, 1, 1], [0, 2])
    [0, 1, 2, 3, 4]
    >>> in_turn([0, 0, 0, 1, 1], [2, 1])
    [3, 0, 4, 1, 2]
    """
    turns = list(had)
    order = []
    for place, group in enumerate(groups):
        order.append((turns[group], place))
        turns[group] += 1
    return [place for _, place in sorted(order)]


def in_turns(keys: Sequence[str], nlu: NLU, size: int) -> list[int]:
    """Order candidates, given in rank order, so that intents with few examples come first.

    The best `IN_TURN` times `size` come first, and of these the next is always of the predicted intent that has fewest
    examples, labelled or before it. What strategies rank last, since it is likelier out of scope than a text of which
    nothing is known, takes no turn. All else follows as it was.

    Returns
    -------
    The places of all candidates in the new order.

    """
    places = list(range(len(keys)))
    if nlu.intents is None or not nlu.intent_names:
        return places
    best = pa.array(keys[: IN_TURN * size], pa.string())
    inside = np.arange(len(best))
    if nlu.knows_scope:
        inside = np.flatnonzero(~nlu.is_outside(nlu.intents.predict(best)))
    intents = nlu.likeliest(best).intents[inside].tolist()
    first = inside[in_turn(intents, nlu.intents.examples.tolist())].tolist()
    return [*first, *sorted({*places} - {*first})]


def _features(key: str) -> Iterator[str]:
    """Yield the words of a key, lower-cased, numbers as one word, and the pairs of neighbours."""
    words = ["0" if word.isnumeric() else word for word in lower_words(key)]
    yield from words
    yield from (f"{left} {right}" for left, right in itertools.pairwise(words))
