"""What more attributes made of word features would be worth to the tagger, and other ways to train it with them.

    python -m benchmarks.study.word_features ../shared/data/snips intent:AddToPlaylist

Taggers are trained on random annotated utterances, the same for each row, and the slot error rate of spans is compared
with that of the tagger without word features: the mean of the draws, and its standard error. The tagger is CRFsuite,
canvass's twin, which takes any attributes.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from canvass.corpus.characters import lower
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.corpus.spans import bio_tags, slots_of, tokens
from canvass.features.reference import shape
from canvass.features.word_features import learn
from canvass.metrics import count_errors, score
from canvass.seeding import generator
from canvass.simulation.start import Corpus
from canvass.types import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from canvass.features.word_features import WordFeatures
    from canvass.types import Slot, Utterance

    Predict = Callable[[Sequence[str]], Sequence[Sequence[Slot]]]

OPTIONS = {"c1": 0.02, "c2": 0.05, "max_iterations": 60}
JOINT = "\u01c1"  # a letter: two words with it between are one token
SEEN, LIFT = 10, 5.0  # of a phrase: how often it stands there, and how much oftener than by chance
PREFIXES = (3, 5, 7, 9, 11)  # bits
VALUES = 3  # annotated words of a cluster that make it a gazetteer


class Context:
    """What attributes are made of: the clusters of words and of phrases, and bits of the hierarchy of the former."""

    def __init__(self, texts: Sequence[str]) -> None:
        column = pa.array(texts, pa.string())
        features = learn(column)
        self.clusters = dict(zip(features.words, features.clusters.tolist(), strict=True))
        self.paths = dict(zip(features.words, _bits(features), strict=True))
        self.phrases = self._phrases(texts)

    def _phrases(self, texts: Sequence[str]) -> dict[tuple[str, str], list[int]]:
        """Cluster phrases together with words: what was said, and again with phrases as single words."""
        cut = [words_of(text) for text in texts]
        words = Counter(word for line in cut for word in line)
        pairs = Counter(pair for line in cut for pair in pairwise(line))
        total = sum(words.values())
        chosen = {
            pair
            for pair, count in pairs.items()
            if count >= SEEN and count * total > LIFT * words[pair[0]] * words[pair[1]]
        }
        joined = {" ".join(_join(line, chosen)) for line in cut}
        features = learn(pa.array(sorted(joined | {" ".join(line) for line in cut}), pa.string()))
        return {
            (one, other): clusters
            for word, clusters in zip(features.words, features.clusters.tolist(), strict=True)
            if JOINT in word
            for one, other in [word.split(JOINT)]
        }


def words_of(text: str) -> list[str]:
    """Cut a text into lower-cased tokens."""
    key = key_of(text)
    return [lower(key[token.start : token.end]) for token in tokens(key)]


def _join(line: Sequence[str], chosen: set[tuple[str, str]]) -> Iterator[str]:
    place = 0
    while place < len(line):
        if tuple(line[place : place + 2]) in chosen:
            yield JOINT.join(line[place : place + 2])
            place += 2
        else:
            yield line[place]
            place += 1


def _bits(features: WordFeatures) -> list[str]:
    """Give each word its path in a binary tree of the finest clusters (Ward), as Brown clusters have."""
    from scipy.cluster.hierarchy import linkage, to_tree

    finest = features.clusters[:, -1]
    count = int(finest.max()) + 1
    centres = np.stack([features.vectors[finest == number].mean(axis=0) for number in range(count)])
    paths = [""] * count
    left = [(to_tree(linkage(centres, "ward")), "")]
    while left:
        node, path = left.pop()
        if node.is_leaf():
            paths[node.id] = path
        else:
            left += [(node.get_left(), path + "0"), (node.get_right(), path + "1")]
    return [paths[number] for number in finest.tolist()]


def clusters(
    context: Context, line: Sequence[str], place: int, offsets: Sequence[int] = (0, -1, 1)
) -> list[str]:
    """Give the clusters of a word and of both neighbours, as canvass does."""
    found = []
    for offset in offsets:
        here = place + offset
        numbers = context.clusters.get(line[here], [-1] * 3) if 0 <= here < len(line) else [-2] * 3
        found += [f"{grain}{offset}={number}" for grain, number in enumerate(numbers)]
    return found


def farther(context: Context, line: Sequence[str], place: int) -> list[str]:
    """Give the clusters of the words two before and two after."""
    return clusters(context, line, place, (-2, 2))


def prefixes(context: Context, line: Sequence[str], place: int) -> list[str]:
    """Give prefixes of the paths of a word and of both neighbours."""
    found = []
    for offset in (0, -1, 1):
        here = place + offset
        path = context.paths.get(line[here], "?") if 0 <= here < len(line) else "end"
        found += [f"p{bits}{offset}={path[:bits]}" for bits in PREFIXES]
    return found


def finest(context: Context, line: Sequence[str], place: int) -> list[str]:
    """Give the finest cluster alone, with the prefixes in the place of the coarser ones."""
    return [one for one in clusters(context, line, place) if one.startswith("2")] + prefixes(
        context, line, place
    )


def phrases(context: Context, line: Sequence[str], place: int) -> list[str]:
    """Give the clusters of the phrases that a word ends and begins."""
    found = []
    for name, first in (("e", place - 1), ("b", place)):
        if 0 <= first < len(line) - 1 and (numbers := context.phrases.get((line[first], line[first + 1]))):
            found += [f"{name}{grain}={number}" for grain, number in enumerate(numbers)]
    return found


class Way(NamedTuple):
    """A way to train: further attributes, and what else is done.

    `purity` is the share of a cluster's annotated words that must have a label (gazetteers; None for none), `scale` the
    value of the further attributes (1 for the tagger's own), `dropped` the share of words that are known by their
    further attributes and their shape alone in a copy of each utterance.
    """

    kinds: tuple[Any, ...] = ()
    purity: float | None = None
    scale: float = 1.0
    dropped: float = 0.0


WAYS = {
    "without": Way(),
    "clusters, as canvass has them": Way((clusters,)),
    "and prefixes of a hierarchy": Way((clusters, prefixes)),
    "prefixes instead of coarser grains": Way((finest,)),
    "and clusters of phrases": Way((clusters, phrases)),
    "and gazetteers that grow": Way((clusters,), purity=0.0),
    "and gazetteers, half of whose words are values": Way((clusters,), purity=0.5),
    "and clusters of the words two away": Way((clusters, farther)),
    "clusters count a quarter": Way((clusters,), scale=0.25),
    "clusters count a half": Way((clusters,), scale=0.5),
    "clusters count twice": Way((clusters,), scale=2.0),
    "and copies in which half of the words are dropped": Way((clusters,), dropped=0.5),
    "without, copies with dropped words": Way(dropped=0.5),
}
KEPT = 2  # of its own attributes, of a word that is dropped


def own(text: str) -> list[list[str]]:
    """Give the twelve attributes of `features.reference` as strings, the KEPT first."""
    key = key_of(text)
    written = [key[token.start : token.end] for token in tokens(key)]
    padded = ["<", "<", *map(lower, written), ">", ">"]
    rows = []
    for place, word in enumerate(written):
        before_2, before, here, after, after_2 = padded[place : place + 5]
        rows.append([
            "bias", f"sh={shape(word)}", f"w={here}", f"p3={here[:3]}", f"s2={here[-2:]}", f"s3={here[-3:]}",
            f"-2={before_2}", f"-1={before}", f"+1={after}", f"+2={after_2}", f"-1|={before}|{here}",
            f"|+1={here}|{after}",
        ])  # fmt: skip
    return rows


def gazetteers(context: Context, examples: Sequence[Utterance], purity: float) -> Callable[[str], list[str]]:
    """Find the clusters of which annotated values of a label have VALUES words; a word does not count for itself."""
    values: dict[tuple[int, str], set[str]] = defaultdict(set)
    seen: dict[int, set[str]] = defaultdict(set)
    for one in examples:
        for word, tag in zip(words_of(one.text), bio_tags(one.text, one.slots or ()), strict=True):
            if (numbers := context.clusters.get(word)) is not None:
                seen[numbers[2]].add(word)
                if tag != "O":
                    values[numbers[2], tag[2:]].add(word)
    by_cluster: dict[int, list[tuple[str, set[str]]]] = defaultdict(list)
    for (cluster, label), found in values.items():
        by_cluster[cluster].append((label, found))

    def labels(word: str) -> list[str]:
        numbers = context.clusters.get(word)
        if numbers is None:
            return []
        others = len(seen[numbers[2]] - {word})
        return [
            label
            for label, found in by_cluster[numbers[2]]
            if len(found - {word}) >= VALUES and len(found - {word}) >= purity * others
        ]

    return labels


def train_crfsuite(context: Context, way: Way, examples: Sequence[Utterance], seed: int) -> Predict:
    """Train CRFsuite in a way; words are dropped by `seed`."""
    import pycrfsuite

    labels = (lambda _: []) if way.purity is None else gazetteers(context, examples, way.purity)

    def rows_of(text: str, dropped: NDArray[np.bool_] | None = None) -> list[dict[str, float]]:
        line = words_of(text)
        rows = []
        for place, mine in enumerate(own(text)):
            kept = mine if dropped is None or not dropped[place] else mine[:KEPT]
            more = [attribute for kind in way.kinds for attribute in kind(context, line, place)]
            for offset in (-1, 0, 1):
                if 0 <= place + offset < len(line):
                    more += [f"g{offset}={label}" for label in labels(line[place + offset])]
            rows.append(dict.fromkeys(kept, 1.0) | dict.fromkeys(more, way.scale))
        return rows

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(OPTIONS)
    random = generator(seed, "dropped words")
    for one in examples:
        tags = bio_tags(one.text, one.slots or ())
        trainer.append(rows_of(one.text), tags)
        if way.dropped:
            trainer.append(rows_of(one.text, random.random(len(tags)) < way.dropped), tags)
    tagger = pycrfsuite.Tagger()
    with tempfile.NamedTemporaryFile(suffix=".crf") as file:
        trainer.train(file.name)
        tagger.open(file.name)
    return lambda texts: [slots_of(tagger.tag(rows_of(text)), tokens(key_of(text))) for text in texts]


def error_rate(predict: Predict, test: Sequence[Utterance]) -> float:
    """Compute the slot error rate of spans."""
    found = predict([one.text for one in test])
    return score(
        [count_errors(one.slots or (), slots, None, None) for one, slots in zip(test, found, strict=True)]
    ).span_slot_error_rate


def main() -> None:
    """Print a table: a row for each way to train, a column for each number of annotated utterances."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", nargs="+")
    parser.add_argument("target")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--split", help="annotated utterances are of this part; those not drawn are the test")
    parser.add_argument(
        "--only", nargs="+", choices=WAYS, help="ways to train, beside that without word features"
    )
    asked = parser.parse_args()

    utterances = read_labelled(asked.corpus).utterances
    target = Target.parse(asked.target)
    if asked.split:
        ours = [one for one in utterances if target.matches(one) and one.split == asked.split]
        kept = {key_of(one.text) for one in ours}
        pool = [one for one in utterances if one.split != "test" and key_of(one.text) not in kept]
        test = None
    else:
        corpus = Corpus.of(utterances)
        ours = [one for one in corpus.rest if target.matches(one)]
        pool, test = list(corpus.rest), [one for one in corpus.test if target.matches(one)]
    texts = sorted({key_of(one.text) for one in pool})
    context = Context(texts)
    print(f"{len(context.phrases):,} phrases", file=sys.stderr)
    ways = [name for name in WAYS if not asked.only or name in ("without", *asked.only)]
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    for size in asked.sizes:
        for draw in range(asked.draws):
            order = generator(draw, f"word features/{size}").permutation(len(ours)).tolist()
            examples = [ours[i] for i in order[:size]]
            tested = [ours[i] for i in order[size:]] if test is None else test
            for name in ways:
                predict = train_crfsuite(context, WAYS[name], examples, draw)
                rates[name, size].append(error_rate(predict, tested))
    print(f"{target}: {len(ours):,} to draw from, {len(texts):,} requests, {asked.draws} draws")
    for name in ways:
        cells = []
        for size in asked.sizes:
            mine, plain_rates = (np.array(rates[row, size]) for row in (name, "without"))
            changes = mine / plain_rates - 1
            spread = changes.std(ddof=1) / math.sqrt(len(changes))
            cells.append(f"{100 * mine.mean():.1f} % ({100 * changes.mean():+.1f} ± {100 * spread:.1f} %)")
        print(f"| {name} | {' | '.join(cells)} |")
    print(json.dumps({f"{name}, {size}": found for (name, size), found in rates.items()}), file=sys.stderr)


if __name__ == "__main__":
    main()
