"""Where the runs of a study start: a test set that is the same for all seeds, a labelled set and a pool by seed.

Every draw is a hash of (seed, purpose, key), and utterances stand in the order of their keys or of their draws, so
that nothing depends on the order of the corpus's files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from canvass.corpus.normalise import key_of
from canvass.errors import InputError, OptionError
from canvass.features.columns import hash_column
from canvass.seeding import salt, uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from canvass.simulation.spec import TestPart
    from canvass.types import Target, Utterance

TEST_SHARE = 0.2
TEST_SPLIT = "test"


@dataclass(frozen=True)
class Start:
    """Where all strategies of one seed start: what is annotated, what could be, and what errors are counted on."""

    labelled: tuple[Utterance, ...]
    pool: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


@dataclass(frozen=True)
class Corpus:
    """An annotated corpus, cut once for all targets and seeds: what is not for the test, and what is.

    Both are in the order of their keys. `hashes` uint64 (N,): of the keys of `rest`.
    """

    rest: tuple[Utterance, ...]
    hashes: NDArray[np.uint64]
    test: tuple[Utterance, ...]

    @classmethod
    def of(cls, utterances: Sequence[Utterance], *, test: TestPart = "fifth", test_seed: int = 0) -> Self:
        """Cut a corpus; of the utterances of one key the first is taken, and no key of the test is in the rest.

        `test` is "own" for the records whose split is "test", or "fifth" for a fifth by hash of the key.

        Raises
        ------
        InputError
            If the corpus has no test part of its own, or nothing else.

        """
        if test == "own":
            by_key = _by_key([one for one in utterances if one.split == TEST_SPLIT])
            rest = _by_key([one for one in utterances if one.split != TEST_SPLIT])
            rest = {key: one for key, one in rest.items() if key not in by_key}
            if not by_key or not rest:
                lacking = "no record" if not by_key else "only records"
                raise InputError(
                    f"the corpus has {lacking} with the split {TEST_SPLIT!r}; take a fifth of it by hash "
                    "(--test fifth), or name the file that is missing"
                )
            return cls(tuple(rest.values()), _hashes(rest), tuple(by_key.values()))
        everything = _by_key(utterances)
        hashes = _hashes(everything)
        is_test = uniforms(salt(test_seed, "test"), hashes) < TEST_SHARE
        pairs = list(zip(everything.values(), is_test.tolist(), strict=True))
        return cls(
            tuple(one for one, yes in pairs if not yes),
            hashes[~is_test],
            tuple(one for one, yes in pairs if yes),
        )

    def start(
        self, target: Target, *, seed: int, positives: int, negatives: int, pool_share: float | None = None
    ) -> Start:
        """Draw the labelled set of a seed, and thin the target in the pool to `pool_share` of it.

        Raises
        ------
        OptionError
            If there are fewer utterances than the labelled set, or the thinned pool, is to have.

        """
        order = np.argsort(uniforms(salt(seed, "start"), self.hashes), kind="stable").tolist()
        matches = [target.matches(one) for one in self.rest]
        ours = [self.rest[i] for i in order if matches[i]]
        others = [self.rest[i] for i in order if not matches[i]]
        wanted = [(f"of {target}", ours, positives)]
        if target.kind == "all":
            negatives = 0  # there are no others
        else:
            wanted.append(("of others", others, negatives))
        for name, there, asked in wanted:
            if len(there) <= asked:
                raise OptionError(
                    f"the corpus has {len(there)} utterances {name} beside the test set, {asked} are asked for "
                    "the labelled set, and the pool needs some; ask for fewer"
                )
        labelled = [*ours[:positives], *others[:negatives]]
        ours, others = ours[positives:], others[negatives:]
        if pool_share is not None and target.kind != "all":
            ours = ours[: _thinned(len(ours), len(others), pool_share)]
        return Start(tuple(labelled), (*ours, *others), self.test)


def _by_key(utterances: Sequence[Utterance]) -> dict[str, Utterance]:
    """Map each key, in their order, to the first utterance that has it."""
    found: dict[str, Utterance] = {}
    for one in utterances:
        found.setdefault(key_of(one.text), one)
    return dict(sorted(found.items()))


def _hashes(by_key: dict[str, Utterance]) -> NDArray[np.uint64]:
    import pyarrow as pa

    return hash_column(pa.array(list(by_key), type=pa.string()))


def _thinned(ours: int, others: int, share: float) -> int:
    """Count how many of the target make up a share of the pool; the rest of the pool stays."""
    wanted = round(others * share / (1 - share))
    if wanted > ours or wanted < 1:
        raise OptionError(
            f"--pool-share {share:g} asks for {wanted} utterances of the target in the pool beside {others} others, "
            f"and there are {ours}; the share can be at most {ours / (ours + others):.3f}"
        )
    return wanted


def split(
    utterances: Sequence[Utterance],
    target: Target,
    *,
    seed: int,
    positives: int,
    negatives: int,
    test_seed: int = 0,
) -> Start:
    """Split an annotated corpus: a fifth by hash of the key for the test, a labelled set drawn by seed, the pool.

    Keys that occur twice are taken once. The test set depends on `test_seed` alone, so it is the same for all seeds.

    Raises
    ------
    OptionError
        If there are fewer examples than the labelled set is to have.

    """
    corpus = Corpus.of(utterances, test_seed=test_seed)
    return corpus.start(target, seed=seed, positives=positives, negatives=negatives)
