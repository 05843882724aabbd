"""Requests that look like traffic, made from annotated ones by exchanging slot values of equal label.

A request has a number; its text is a function of the seed and that number, so a pool of millions is an array of
numbers until a block of it is written. Requests without slots come first: they are what people repeat most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from canvass import Target, read_labelled
from canvass.seeding import generator, salt, uniforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from canvass import Utterance

CORPORA = Path(__file__).parents[3] / "shared" / "data"
SLOTS = 6  # of an utterance that are exchanged; further ones keep their value
FREEDOM = 8  # a template with c possible texts is asked for at most c / FREEDOM of them
LABELLED_TARGET, LABELLED_OTHERS = 1_000, 5_000
LARGEST = 1e9


@dataclass(frozen=True)
class Source:
    """What pools are made of, and the labelled set that goes with them; no utterance is in both."""

    name: str
    target: Target
    labelled: list[Utterance]
    utterances: list[Utterance]


def source(corpora: Path = CORPORA, *, seed: int = 0) -> Source:
    """Take the corpora where they are, and the embedded one where not."""
    if corpora.is_dir():
        return split("traffic_v1", Target("intent", "PlayMusic"), list(from_corpora(corpora)), seed)
    from canvass.corpus.demo_corpus import generate

    return split("traffic_demo_v2", Target("domain", "media"), generate(seed), seed)


def split(name: str, target: Target, utterances: Sequence[Utterance], seed: int) -> Source:
    """Draw the labelled set; at most half of the target goes into it."""
    order = generator(seed, "traffic/labelled").permutation(len(utterances)).tolist()
    ours = [utterances[i] for i in order if target.matches(utterances[i])]
    others = [utterances[i] for i in order if not target.matches(utterances[i])]
    few, many = min(LABELLED_TARGET, len(ours) // 2), min(LABELLED_OTHERS, len(others) // 2)
    labelled = ours[:few] + others[:many]
    mixed = [labelled[i] for i in generator(seed, "traffic/order").permutation(len(labelled)).tolist()]
    return Source(name, target, mixed, ours[few:] + others[many:])


def from_corpora(folder: Path) -> Iterator[Utterance]:
    """Read all corpora, a text once.

    Requests for music that another corpus than SNIPS has under another name would be wrong negatives: left out.
    CLINC150's style gives its origin away: lower-cased, without punctuation, and not annotated for slots.
    """
    seen: set[str] = set()
    for name in ("snips", "slurp", "hwu64", "clinc150"):
        for utterance in read_labelled([str(folder / name)]).utterances:
            plain = " ".join(re.sub(r"[^\w\s']", " ", utterance.text.lower()).split())
            if plain in seen or not plain or utterance.intent == "play_music":
                continue
            seen.add(plain)
            yield replace(utterance, text=plain, slots=None) if name == "clinc150" else utterance


class Population:
    """Requests 0 .. size - 1 made from some utterances.

    Those without slots come first, as they are, short ones before long ones; then those with exchanged values.

    `labels` int64 (N, SLOTS): the label of each slot, the last one (of the empty value) where there is none.
    """

    def __init__(self, utterances: Sequence[Utterance], size: int, *, seed: int, purpose: str) -> None:
        import pyarrow as pa

        self.size = size
        order = generator(seed, f"traffic/{purpose}").permutation(len(utterances)).tolist()
        cuts = [cut(utterances[i]) for i in order]
        names = sorted({label for _, slots in cuts for label, _ in slots})
        values = [
            sorted({value for _, slots in cuts for name, value in slots if name == label}) for label in names
        ]
        values.append([""])
        numbers = {label: number for number, label in enumerate(names)}
        self._counts = np.array([len(one) for one in values], dtype=np.int64)
        self._starts = np.cumsum(self._counts) - self._counts
        self._values = pa.array([value for one in values for value in one])
        self._pieces = [
            pa.array([pieces[j] if j < len(pieces) else "" for pieces, _ in cuts]) for j in range(SLOTS + 1)
        ]
        self._labels = np.full((len(cuts), SLOTS), len(names), dtype=np.int64)
        for row, (_, slots) in enumerate(cuts):
            self._labels[row, : len(slots)] = [numbers[label] for label, _ in slots]
        possible = np.prod(self._counts[self._labels].astype(np.float64), axis=1).clip(max=LARGEST)
        fixed = np.flatnonzero(possible == 1)
        short_first = np.argsort([len(cuts[row][0][0]) for row in fixed.tolist()], kind="stable")
        self._fixed = fixed[short_first][: size // 4 if len(fixed) < len(possible) else size]
        self._free = np.flatnonzero(possible > 1)
        if not len(self._free):
            self.size = len(self._fixed)
        self._shares = np.cumsum(shares(possible[self._free] / FREEDOM, self.size - len(self._fixed)))
        self._salts = [salt(seed, f"traffic/{purpose}/{j}") for j in range(SLOTS + 1)]

    def texts(self, ids: NDArray[np.int64]) -> Any:
        """Make the texts of requests: an Arrow array."""
        import pyarrow as pa
        import pyarrow.compute as pc

        keys = ids.astype(np.uint64)
        rows = self._fixed[ids.clip(max=max(len(self._fixed) - 1, 0))] if len(self._fixed) else ids * 0
        if len(self._free):
            drawn = np.searchsorted(self._shares, uniforms(self._salts[SLOTS], keys), side="right")
            free = self._free[drawn.clip(max=len(self._free) - 1)]
            rows = np.where(ids < len(self._fixed), rows, free)
        chosen = pa.array(rows)
        parts = [self._pieces[0].take(chosen)]
        for j in range(SLOTS):
            labels = self._labels[rows, j]
            places = self._starts[labels] + (uniforms(self._salts[j], keys) * self._counts[labels]).astype(
                np.int64
            )
            parts += [self._values.take(pa.array(places)), self._pieces[j + 1].take(chosen)]
        return pc.binary_join_element_wise(*parts, "")


def cut(utterance: Utterance) -> tuple[list[str], list[tuple[str, str]]]:
    """Cut a text into the pieces around its slots, and (label, value) of each slot."""
    slots = (utterance.slots or ())[:SLOTS]
    edges = [0, *(edge for slot in slots for edge in (slot.start, slot.end)), len(utterance.text)]
    pieces = [utterance.text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return pieces, [(slot.label, utterance.text[slot.start : slot.end]) for slot in slots]


def shares(most: NDArray[np.float64], wanted: int) -> NDArray[np.float64]:
    """Share `wanted` texts out among templates, as evenly as what each has to give at `most` allows; sums to 1."""
    level = LARGEST
    if most.sum() > wanted:
        low, high = 0.0, float(wanted)
        while high - low > 1e-6 * high:
            level = (low + high) / 2
            low, high = (level, high) if np.minimum(most, level).sum() < wanted else (low, level)
    found = np.minimum(most, level)
    return np.asarray(found / max(found.sum(), 1e-9))
