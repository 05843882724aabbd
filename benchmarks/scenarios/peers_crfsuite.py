"""The tagger and the whole round built from python-crfsuite and scikit-learn."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.scenarios.candidates import SELECTED_IN_ROUND
from benchmarks.scenarios.peers import in_blocks, linear_models, vectorizer
from canvass.corpus.spans import bio_tags, text_tokens
from canvass.models.tagger import ITERATIONS, ITERATIONS_FOR_SELECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.data.workloads import Workload
    from canvass import Utterance

TOKENS = re.compile(r"'?\w+|[^\w\s]")
SHAPE = [(re.compile(r"[A-Z]+"), "X"), (re.compile(r"[a-z]+"), "x"), (re.compile(r"\d+"), "d")]
SHAPES: dict[str, str] = {}


def shape(word: str) -> str:
    """Draw the shape of a word; remembered, since words come again."""
    drawn = SHAPES.get(word)
    if drawn is None:
        drawn = word
        for pattern, sign in SHAPE:
            drawn = pattern.sub(sign, drawn)
        SHAPES[word] = drawn
    return drawn


def attributes(tokens: Sequence[str]) -> list[list[str]]:
    """List the attributes that canvass's tagger has, as strings."""
    low = ["", "", *(token.lower() for token in tokens), "", ""]
    return [
        [
            "bias",
            f"w={low[i]}",
            f"p3={low[i][:3]}",
            f"s2={low[i][-2:]}",
            f"s3={low[i][-3:]}",
            f"shape={shape(token)}",
            f"-2={low[i - 2]}",
            f"-1={low[i - 1]}",
            f"+1={low[i + 1]}",
            f"+2={low[i + 2]}",
            f"-1,0={low[i - 1]}|{low[i]}",
            f"0,+1={low[i]}|{low[i + 1]}",
        ]
        for i, token in enumerate(tokens, 2)
    ]


def train(utterances: Sequence[Utterance], iterations: int) -> Any:
    """Train a CRF with the settings of canvass's tagger."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.02, "c2": 0.01, "max_iterations": iterations})
    for one in utterances:
        words = [one.text[token.start : token.end] for token in text_tokens(one.text)]
        trainer.append(attributes(words), bio_tags(one.text, one.slots or ()))
    tagger = pycrfsuite.Tagger()
    with tempfile.TemporaryDirectory(prefix="canvass-bench-") as folder:
        path = Path(folder) / "crf"
        trainer.train(str(path))
        tagger.open(str(path))
    return tagger


def probability(tagger: Any, text: str) -> float:
    """Find the probability of a text's best tag sequence."""
    return float(tagger.probability(tagger.tag(attributes(TOKENS.findall(text)))))


def crfsuite_tags(work: Workload) -> Callable[[], object]:
    """Attributes, `tag` and `probability` of python-crfsuite."""
    tagger = train(work.annotated(), ITERATIONS)
    texts = work.strings()
    return lambda: [probability(tagger, text) for text in texts]


def crfsuite_round(work: Workload) -> Callable[[], object]:
    """Train three models of scikit-learn and a CRF, score the pool, re-rank all that pass once a text, choose."""
    utterances, annotated = work.utterances(), work.annotated()
    texts = work.strings()

    def play() -> object:
        hashed = vectorizer()
        labels = [work.target.matches(one) for one in utterances]
        matrix = hashed.transform([one.text for one in utterances])
        models = [model.fit(matrix, labels) for model in linear_models()]
        tagger = train(annotated, ITERATIONS_FOR_SELECTION)
        passed: dict[str, float] = {}
        for block in in_blocks(texts):
            matrix = hashed.transform(block)
            members = np.column_stack([model.decision_function(matrix) for model in models])
            for row in np.flatnonzero((members > 0).sum(axis=1) > 1).tolist():
                passed[block[row]] = members[row, 0]
        ranked = {text: probability(tagger, text) / (1 + np.exp(-score)) for text, score in passed.items()}
        return sorted(ranked, key=lambda text: (ranked[text], text))[:SELECTED_IN_ROUND]

    return play
