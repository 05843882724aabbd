"""The tagger: a linear-chain CRF over BIO tags, trained and decoded by `models.crf`.

It is trained on the target's annotated utterances only, as CRFsuite would train it. Attributes are numbers of their
hashes, so that training and decoding see the same ones without a string being built from either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from canvass.corpus.normalise import keys, string_buffers
from canvass.corpus.spans import OUTSIDE, bio_tags, slots_of, text_tokens
from canvass.errors import TrainingError
from canvass.features.attributes import OWN
from canvass.features.clusters import WordClusters, cluster_attributes
from canvass.features.extraction import hash_tokens
from canvass.models.crf.attribute_table import pack_attributes, sum_weights
from canvass.models.crf.cluster_rows import pack_clusters
from canvass.models.crf.decoding import LONGEST, find_best, pack_products
from canvass.models.crf.lattice import best_paths, log_partitions, marginals, n_best_paths
from canvass.models.crf.objective import train
from canvass.models.crf.problem import make_problem
from canvass.models.crf.transitions import WIDEST, spread
from canvass.models.crf.word_cache import Forms, no_forms
from canvass.types import Slot

if TYPE_CHECKING:
    import pyarrow as pa

FEWEST = 2
ITERATIONS = 60
ITERATIONS_FOR_SELECTION = 40
SECONDS = 3e-8  # of a processor, for a token, a tag and an iteration
SEARCHED = 12  # tag sequences that alternatives are taken from


class Confidence(NamedTuple):
    """For each key: `log_probability` float64 (N,): log p_crf; `lengths` int32 (N,): T."""

    log_probability: NDArray[np.float64]
    lengths: NDArray[np.int32]


class BestTags(NamedTuple):
    """For each key `log_probability` and `lengths` as in `Confidence`; of all tokens, one after another, `tags`.

    `tags`, int32 (sum of T,), are numbers into `Tagger.tags`.
    """

    log_probability: NDArray[np.float64]
    lengths: NDArray[np.int32]
    tags: NDArray[np.int32]


class Tagged(NamedTuple):
    """A tagged text: its slots, log p_crf, and for each token its (start, end, marginal of its tag)."""

    slots: tuple[Slot, ...]
    log_probability: float
    certainty: tuple[tuple[int, int, float], ...]


class Tagger:
    """A CRF over the BIO tags of the target's slots.

    Parameters
    ----------
    iterations
        Of L-BFGS; the design takes 60 for the reference NLU and 40 for selection.
    c1, c2
        L1 and L2 penalties.
    words
        Words and their clusters, which are then attributes, too; None for none.

    """

    def __init__(
        self,
        *,
        iterations: int = ITERATIONS,
        c1: float = 0.02,
        c2: float = 0.01,
        words: WordClusters | None = None,
    ) -> None:
        self.iterations = iterations
        self.c1 = c1
        self.c2 = c2
        self.words = words
        self.tags: list[str] = []

    def fit(self, texts: Sequence[str], slots: Sequence[Sequence[Slot]]) -> Self:
        """Train on texts and the slots of each, which begin and end on token borders.

        Raises
        ------
        TrainingError
            If there are fewer than two utterances.

        """
        import pyarrow as pa

        if len(texts) < FEWEST:
            raise TrainingError(
                f"a slot tagger needs at least {FEWEST} target utterances that are annotated for slots; "
                f"LABELLED has {len(texts)}"
            )
        tags = [bio_tags(text, spans) for text, spans in zip(texts, slots, strict=True)]
        tokens = hash_tokens(keys(pa.array(texts, type=pa.string())))
        starts, attributes = tokens.starts, tokens.attributes
        if self.words is not None:
            of_clusters = cluster_attributes(starts, tokens.words, self.words)
            attributes = np.concatenate([attributes, of_clusters], axis=1)
        hashes, numbers = np.unique(attributes.ravel(), return_inverse=True)
        if all(tag == OUTSIDE for sequence in tags for tag in sequence):
            # Nothing to learn: every token is outside, with certainty.
            self._pack([OUTSIDE], np.zeros(0, np.uint64), np.zeros((0, 1)), np.zeros((1, 1)))
            return self
        names = list(dict.fromkeys(tag for sequence in tags for tag in sequence))
        number_of = {name: number for number, name in enumerate(names)}
        gold = np.array([number_of[tag] for sequence in tags for tag in sequence], dtype=np.int32)
        problem = make_problem(starts, numbers.reshape(attributes.shape), gold, len(names), OWN)
        trained = train(problem, c1=self.c1, c2=self.c2, iterations=self.iterations)
        self._pack(names, hashes[trained.attributes], trained.state, trained.transitions)
        return self

    def _pack(
        self,
        tags: list[str],
        hashes: NDArray[np.uint64],
        state: NDArray[np.float64],
        transitions: NDArray[np.float64],
    ) -> None:
        self.tags = tags
        self._attributes = pack_attributes(np.ascontiguousarray(hashes))
        self._state, self._transitions = np.ascontiguousarray(state), np.ascontiguousarray(transitions)
        self._clusters = None if self.words is None else pack_clusters(self.words, hashes, self._state)
        self._products = pack_products(self._attributes, self._state, self._clusters, self._transitions)
        self._forms: list[Forms] = []

    @property
    def knows_slots(self) -> bool:
        """Whether any slot was seen in training; if not, p_crf is always 1."""
        return len(self.tags) > 1

    def confidence(self, column: pa.Array) -> Confidence:
        """Compute the probability of the best tag sequence of each key of a column."""
        return self._find_best(column, None)

    def best_tags(self, column: pa.Array) -> BestTags:
        """Find the best tag sequence of each key of a column, and its probability."""
        offsets, _ = string_buffers(column)
        tags = np.empty(int(offsets[-1] - offsets[0]), dtype=np.int32)
        best = self._find_best(column, tags)
        return BestTags(*best, tags[: int(best.lengths.sum())])

    def _find_best(self, column: pa.Array, tags: NDArray[np.int32] | None) -> Confidence:
        """Compute the probabilities, and the tags where there is room for them."""
        import pyarrow as pa

        self._must_be_trained()
        if self._products is None:
            return self._by_sums(column, tags)
        # The forms serve one thread at a time. Taking from a list and adding to it are atomic.
        try:
            forms = self._forms.pop()
        except IndexError:
            forms = no_forms(self._products.table)
        log_probability = np.empty(len(column))
        lengths = find_best(column, self._products, forms, log_probability, tags)
        self._forms.append(forms)
        ends = np.cumsum(lengths)
        for row in np.flatnonzero(lengths > LONGEST).tolist():
            places = None if tags is None else tags[ends[row] - lengths[row] : ends[row]]
            log_probability[row] = self._by_sums(column.take(pa.array([row])), places).log_probability[0]
        return Confidence(log_probability, lengths)

    def _by_sums(self, column: pa.Array, tags: NDArray[np.int32] | None) -> Confidence:
        """Do the work of `_find_best` in sums of weights."""
        state, starts = self.state_scores(column)
        paths, scores = best_paths(state, starts, self._transitions)
        if tags is not None:
            tags[: len(paths)] = paths
        log_z = log_partitions(state, starts, self._transitions)
        return Confidence(np.minimum(0.0, scores - log_z), np.diff(starts).astype(np.int32))

    def state_scores(self, column: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Sum the weights of each token of a column of keys: float64 (W, L), and each key's first, int64 (N + 1,)."""
        tokens = hash_tokens(column)
        state = np.empty((len(tokens.attributes), len(self.tags)))
        sum_weights(*self._attributes, self._state, tokens.attributes, state)
        if self._clusters is not None:
            state += self._clusters.sum(tokens.starts, tokens.words)
        return state, tokens.starts

    def tag(self, texts: Sequence[str]) -> list[Tagged]:
        """Tag texts; offsets are code points of the texts as written."""
        import pyarrow as pa

        self._must_be_trained()
        column = keys(pa.array(texts, type=pa.string()))
        log_probability = self.confidence(column).log_probability
        state, starts = self.state_scores(column)
        paths, _ = best_paths(state, starts, self._transitions)
        certainty = marginals(state, starts, self._transitions)[np.arange(len(paths)), paths]
        tagged = []
        for row, text in enumerate(texts):
            tokens = slice(starts[row], starts[row + 1])
            spans = text_tokens(text)
            path, sure = paths[tokens].tolist(), certainty[tokens].tolist()
            tagged.append(
                Tagged(
                    slots_of([self.tags[tag] for tag in path], spans),
                    float(log_probability[row]),
                    tuple(
                        (span.start, span.end, marginal) for span, marginal in zip(spans, sure, strict=True)
                    ),
                )
            )
        return tagged

    def alternatives(self, texts: Sequence[str], count: int) -> list[list[tuple[tuple[Slot, ...], float]]]:
        """List the likeliest slots of texts after those of `tag`, at most `count`, each with its probability.

        They are those of the `SEARCHED` best tag sequences, exactly; sequences that mean the same slots are one, and
        their probabilities are summed.
        """
        import pyarrow as pa

        self._must_be_trained()
        state, starts = self.state_scores(keys(pa.array(texts, type=pa.string())))
        log_z = log_partitions(state, starts, self._transitions)
        listed = []
        for row, text in enumerate(texts):
            lattice = state[starts[row] : starts[row + 1]]
            chances: dict[tuple[Slot, ...], float] = {}
            if len(lattice):
                spans = text_tokens(text)
                best = n_best_paths(lattice, self._transitions, SEARCHED)
                for path, score in zip(best.tags.tolist(), (best.scores - log_z[row]).tolist(), strict=True):
                    slots = slots_of([self.tags[tag] for tag in path], spans)
                    chances[slots] = chances.get(slots, 0.0) + math.exp(min(0.0, score))
            listed.append(list(chances.items())[1 : count + 1])
        return listed

    def log_marginals(self, column: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Compute log P(tag of a token) for each token of a column of keys: float64 (W, L), and each key's first."""
        self._must_be_trained()
        state, starts = self.state_scores(column)
        chances = marginals(state, starts, self._transitions)
        return np.log(np.maximum(chances, np.finfo(np.float64).tiny)), starts

    def _must_be_trained(self) -> None:
        if not self.tags:
            raise TrainingError("the tagger is not trained; call fit first")

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trained weights, sparse, for a file."""
        state = self._state
        rows, columns = np.nonzero(state)
        arrays: dict[str, NDArray[Any]] = {
            "tagger_hashes": self._attributes.hashes,
            "tagger_rows": rows.astype(np.int32),
            "tagger_columns": columns.astype(np.int32),
            "tagger_values": state[rows, columns],
            "tagger_transitions": self._transitions,
        }
        if self.words is not None:
            arrays |= {"tagger_words": self.words.hashes, "tagger_clusters": self.words.clusters}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], tags: list[str]) -> Self:
        """Take the weights of `to_arrays`; raises ValueError where they do not fit together."""
        hashes, rows, columns, values, transitions = (
            arrays[f"tagger_{name}"] for name in ("hashes", "rows", "columns", "values", "transitions")
        )
        if not (
            tags
            and all(isinstance(tag, str) and (tag == OUTSIDE or tag[:2] in ("B-", "I-")) for tag in tags)
            and hashes.dtype == np.uint64
            and hashes.ndim == 1
            and rows.shape == columns.shape == values.shape == (len(values),)
            and (len(rows) == 0 or (rows.min() >= 0 and rows.max() < len(hashes)))
            and (len(rows) == 0 or (columns.min() >= 0 and columns.max() < len(tags)))
            and transitions.shape == (len(tags), len(tags))
            and values.dtype == transitions.dtype == np.float64
            and rows.dtype == columns.dtype == np.int32
            and np.isfinite(values).all()
            and np.isfinite(transitions).all()
            and spread(transitions) <= WIDEST
        ):
            raise ValueError("the tagger's arrays do not fit together")
        words = None
        if "tagger_words" in arrays:
            words = WordClusters(arrays["tagger_words"], arrays["tagger_clusters"])
            words.check()
        state = np.zeros((len(hashes), len(tags)))
        state[rows, columns] = values
        tagger = cls(words=words)
        tagger._pack(tags, hashes, state, transitions)
        return tagger
