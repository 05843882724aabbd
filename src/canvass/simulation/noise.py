"""Simulated annotation noise: wrong intents; slots that are dropped, moved or mislabelled.

Every error is a hash of (seed, purpose, key): an utterance gets the same wrong annotation from whichever strategy
chooses it, in whichever round. The test set keeps its gold labels.

At the rate r, a share r of the utterances gets another intent, and a share r of the slots is wrong: a third each is
dropped, has one border moved by a token, or has another label. A slot that cannot be moved, or has no other label to
get, is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from canvass.corpus.normalise import key_of
from canvass.corpus.spans import text_tokens
from canvass.seeding import uniform
from canvass.types import Slot, Utterance

Kind = tuple[str | None, str | None]  # domain and intent
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Annotator:
    """An annotator who errs at a rate, reproducibly for one seed.

    A wrong intent is another intent of the utterance's domain, or, where the domain has only one, any other intent
    with its domain. A wrong label is another label of the utterance's domain.

    * `seed`: seed of the errors.
    * `rate`: share of wrong intents and of wrong slots, from 0 to 1.
    * `kinds`: known pairs of domain and intent, sorted.
    * `labels`: known slot labels of each domain, sorted.

    >>> from canvass.types import Utterance
    >>> river = Utterance("play river", intent="PlayMusic", slots=(Slot(5, 10, "song"),))
    >>> rain = Utterance("will it rain", intent="GetWeather", slots=())
    >>> Annotator.of(0, 1.0, [river, rain]).annotate(river).intent
    'GetWeather'
    """

    seed: int
    rate: float
    kinds: tuple[Kind, ...]
    labels: dict[str | None, tuple[str, ...]]

    @classmethod
    def of(cls, seed: int, rate: float, utterances: Iterable[Utterance]) -> Self:
        """Make an annotator who knows the intents and labels of annotated utterances."""
        kinds: set[tuple[str | None, str]] = set()
        labels: dict[str | None, set[str]] = {}
        for utterance in utterances:
            if utterance.intent is not None:
                kinds.add((utterance.domain, utterance.intent))
            labels.setdefault(utterance.domain, set()).update(slot.label for slot in utterance.slots or ())
        ordered = sorted(kinds, key=lambda kind: (kind[0] or "", kind[1]))
        return cls(
            seed, rate, tuple(ordered), {domain: tuple(sorted(names)) for domain, names in labels.items()}
        )

    def annotate(self, gold: Utterance) -> Utterance:
        """Return the utterance with this annotator's intent and slots instead of the gold ones."""
        if not self.rate:
            return gold
        key = key_of(gold.text)
        domain, intent = gold.domain, gold.intent
        if intent is not None and self._draw("intent", key) < self.rate:
            domain, intent = self._other_kind(gold, key)
        slots = None if gold.slots is None else self._slots(gold, tuple(sorted(gold.slots)), key)
        return replace(gold, domain=domain, intent=intent, slots=slots)

    def _draw(self, purpose: str, key: str) -> float:
        return uniform(self.seed, f"noise/{purpose}", key)

    def _pick(self, choices: Sequence[Choice], purpose: str, key: str) -> Choice:
        return choices[int(self._draw(purpose, key) * len(choices))]

    def _other_kind(self, gold: Utterance, key: str) -> Kind:
        others = [kind for kind in self.kinds if kind[1] != gold.intent]
        near = [kind for kind in others if kind[0] == gold.domain]
        return self._pick(near or others or [(gold.domain, gold.intent)], "other intent", key)

    def _slots(self, gold: Utterance, slots: tuple[Slot, ...], key: str) -> tuple[Slot, ...]:
        annotated: list[Slot] = []
        for i, slot in enumerate(slots):
            if self._draw(f"slot {i}", key) >= self.rate:
                annotated.append(slot)
                continue
            how = self._pick(("drop", "move", "relabel"), f"how {i}", key)
            wrong = None
            if how == "move":
                # Overlap neither the slot before it, as annotated, nor the one behind it.
                low = max(
                    (other.end for other in (*slots[:i], *annotated) if other.end <= slot.start), default=0
                )
                high = min(
                    (other.start for other in slots if other.start >= slot.end), default=len(gold.text)
                )
                choices = _moved(gold.text, slot, low, high)
                wrong = self._pick(choices, f"place {i}", key) if choices else None
            elif how == "relabel":
                labels = [label for label in self.labels.get(gold.domain, ()) if label != slot.label]
                wrong = replace(slot, label=self._pick(labels, f"label {i}", key)) if labels else None
            if wrong is not None:
                annotated.append(wrong)
        return tuple(annotated)


def _moved(text: str, slot: Slot, low: int, high: int) -> list[Slot]:
    """List the variants of a slot with one border moved by a token, within the offsets `low` and `high`."""
    spans = text_tokens(text)
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    first, last = starts.index(slot.start), ends.index(slot.end)
    moved = ((first - 1, last), (first + 1, last), (first, last - 1), (first, last + 1))
    return [
        Slot(starts[a], ends[b], slot.label)
        for a, b in moved
        if 0 <= a <= b < len(spans) and starts[a] >= low and ends[b] <= high
    ]
