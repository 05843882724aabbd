"""A pool in memory whose labels nobody sees but the simulated annotator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from canvass.corpus.normalise import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from canvass.types import Utterance


@dataclass(frozen=True)
class HiddenPool:
    """One block of the pool with columns text, id and count, made once for all rounds.

    `gold` maps each key to its annotated utterance; `taken` are the keys that were chosen.
    """

    batch: pa.RecordBatch
    gold: dict[str, Utterance]
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, utterances: Sequence[Utterance]) -> Self:
        """Hide the labels of annotated utterances."""
        columns = {
            "text": pa.array([one.text for one in utterances], type=pa.string()),
            "id": pa.array([one.id for one in utterances], type=pa.string()),
            "count": pa.array([one.count for one in utterances], type=pa.int64()),
        }
        gold = {key_of(one.text): one for one in utterances}
        return cls(pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)), gold)

    def take(self, keys: Iterable[str]) -> None:
        """Take out what was chosen."""
        self.taken.update(keys)
