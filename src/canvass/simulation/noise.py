"""Annotators who err: wrong intents; slots that are dropped, moved or mislabelled.

Every error is a hash of (seed, purpose, key): an utterance gets the same wrong annotation whichever strategy chose
it, and in whichever round. What errors are counted on is never touched.

With a rate r, a share r of the utterances has another intent, and a share r of the slots is wrong: a third each is
dropped, has one border moved by a token, or has another label. Where a slot cannot be moved, or there is no other
label, it is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, TypeVar

from canvass.corpus.normalise import key_of
from canvass.corpus.spans import text_tokens
from canvass.seeding import uniform
from canvass.types import Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canvass.types import Utterance

Kind = tuple[str | None, str | None]  # domain and intent
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Annotator:
    """Annotates with errors at a rate, the same ones for one seed.

    A wrong intent is another one of the utterance's domain, or, where the domain has one alone, any other, and the
    domain with it. A wrong label is another one of the utterance's domain.
    """

    seed: int
    rate: float
    kinds: tuple[Kind, ...]
    labels: dict[str | None, tuple[str, ...]]

    @classmethod
    def of(cls, seed: int, rate: float, utterances: Iterable[Utterance]) -> Self:
        """Make an annotator who knows the intents and labels of some utterances."""
        kinds: set[tuple[str | None, str]] = set()
        labels: dict[str | None, set[str]] = {}
        for one in utterances:
            if one.intent is not None:
                kinds.add((one.domain, one.intent))
            labels.setdefault(one.domain, set()).update(slot.label for slot in one.slots or ())
        ordered = sorted(kinds, key=lambda kind: (kind[0] or "", kind[1]))
        return cls(seed, rate, tuple(ordered), {name: tuple(sorted(some)) for name, some in labels.items()})

    def annotate(self, gold: Utterance) -> Utterance:
        """Give the utterance as this annotator would have annotated it."""
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
        found: list[Slot] = []
        for i, slot in enumerate(slots):
            if self._draw(f"slot {i}", key) >= self.rate:
                found.append(slot)
                continue
            how = self._pick(("drop", "move", "relabel"), f"how {i}", key)
            wrong = None
            if how == "move":
                # Neither into the slot before, as it is annotated, nor into the one behind.
                low = max((one.end for one in (*slots[:i], *found) if one.end <= slot.start), default=0)
                high = min((one.start for one in slots if one.start >= slot.end), default=len(gold.text))
                choices = _moved(gold.text, slot, low, high)
                wrong = self._pick(choices, f"place {i}", key) if choices else None
            elif how == "relabel":
                labels = [one for one in self.labels.get(gold.domain, ()) if one != slot.label]
                wrong = replace(slot, label=self._pick(labels, f"label {i}", key)) if labels else None
            if wrong is not None:
                found.append(wrong)
        return tuple(found)


def _moved(text: str, slot: Slot, low: int, high: int) -> list[Slot]:
    """List the slots that have one border a token further in or out, between two offsets."""
    spans = text_tokens(text)[1]
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    first, last = starts.index(slot.start), ends.index(slot.end)
    found = []
    for a, b in ((first - 1, last), (first + 1, last), (first, last - 1), (first, last + 1)):
        if 0 <= a <= b < len(spans) and starts[a] >= low and ends[b] <= high:
            found.append(Slot(starts[a], ends[b], slot.label))
    return found
