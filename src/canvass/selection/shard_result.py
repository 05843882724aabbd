"""What was found in a shard of a pool: the partials of each plan, and what could not be read.

Results are merged in any order and shape of tree. A file that cannot be read is left out as a whole, so the results of
ranges of one file are joined before they are merged with others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from canvass.features.key_sample import KeySample
from canvass.selection.multi_target import merge_partials
from canvass.selection.partial import Partial

ANYWHERE = (1 << 62, 0)


@dataclass(frozen=True)
class Faults:
    """How many lines or files were left out, and the sentence of the first; `place` is (file, start of the range)."""

    count: int = 0
    first: str = ""
    place: tuple[int, int] = ANYWHERE

    def __add__(self, other: Faults) -> Faults:
        first = min(self, other, key=lambda faults: faults.place)
        return Faults(self.count + other.count, first.first, first.place)


@dataclass(frozen=True)
class ShardResult:
    """The partials of each plan in one shard, or in several that were merged.

    `unreadable` is set in the result of a range whose file cannot be read. `sample` has the keys of what was read;
    None where none are sampled.
    """

    partials: tuple[Partial, ...]
    bad_lines: Faults = Faults()
    bad_files: Faults = Faults()
    unreadable: Faults | None = None
    sample: KeySample | None = None

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.partials[0].counters.rows


def merge_results(left: ShardResult, right: ShardResult) -> ShardResult:
    """Merge results of different files."""
    left, right = settled(left), settled(right)
    return ShardResult(
        merge_partials(left.partials, right.partials),
        left.bad_lines + right.bad_lines,
        left.bad_files + right.bad_files,
        sample=_merge_samples(left.sample, right.sample),
    )


def _merge_samples(left: KeySample | None, right: KeySample | None) -> KeySample | None:
    if left is None or right is None:
        return left or right
    merged = KeySample(left.limit)
    merged.merge(left)
    merged.merge(right)
    return merged


def join_results(left: ShardResult, right: ShardResult, *, tolerated: int | None) -> ShardResult:
    """Join the results of ranges of one file: if one range cannot be read, none counts.

    A file with more bad lines than are `tolerated` cannot be read either; None leaves that to whoever finishes.
    """
    unreadable = [result.unreadable for result in (left, right) if result.unreadable is not None]
    joined = merge_results(replace(left, unreadable=None), replace(right, unreadable=None))
    if not unreadable and tolerated is not None and joined.bad_lines.count > tolerated:
        unreadable = [joined.bad_lines]
    if not unreadable:
        return joined
    return ShardResult(_empty(joined), unreadable=min(unreadable, key=lambda faults: faults.place))


def settled(result: ShardResult) -> ShardResult:
    """Turn the result of a file that cannot be read into one that has no rows, and counts the file."""
    if result.unreadable is None:
        return result
    return ShardResult(_empty(result), bad_files=replace(result.unreadable, count=1))


def _empty(result: ShardResult) -> tuple[Partial, ...]:
    return tuple(Partial.empty(partial.capacity) for partial in result.partials)
