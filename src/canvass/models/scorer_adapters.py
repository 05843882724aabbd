"""Scorers of models as other libraries make them: scikit-learn, spaCy, and pipelines of Hugging Face.

    from canvass.models.scorer_adapters import sklearn_scorer
    score = sklearn_scorer(joblib.load("intents.joblib"))

`--scorer my_module:score` then asks it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from canvass.errors import ScorerError, needing, shown
from canvass.types import ModelAnswer, Slot

Scoring = Callable[[Sequence[str]], list[ModelAnswer]]

BEAM = 16  # parses of spaCy's ner that share the probability


def sklearn_scorer(pipeline: Any) -> Scoring:
    """Ask a fitted pipeline that takes texts and has `predict_proba` and `classes_`: intents.

    Raises ScorerError if it has not.
    """
    if not hasattr(pipeline, "predict_proba") or not hasattr(pipeline, "classes_"):
        raise ScorerError(
            f"{type(pipeline).__name__} has no predict_proba and classes_; give a fitted classifier of texts, such as "
            "a pipeline that ends with LogisticRegression (SVC needs probability=True)"
        )

    def score(texts: Sequence[str]) -> list[ModelAnswer]:
        chances = np.asarray(pipeline.predict_proba(list(texts)), dtype=np.float64)
        best = chances.argmax(axis=1)
        return [
            ModelAnswer(str(pipeline.classes_[place]), float(row[place]))
            for place, row in zip(best.tolist(), chances, strict=True)
        ]

    return score


def spacy_scorer(pipeline: str | Path | Any) -> Scoring:
    """Ask a pipeline of spaCy, or the folder of one: intents of its `textcat`, slots of its `ner`.

    The probability of the slots is that of the best parse among `BEAM`, which spaCy's beam search finds; the slots are
    those of that parse. Raises ExtraMissingError or ScorerError if spaCy is not installed, there is no pipeline in the
    folder, or it has neither component.
    """
    if not hasattr(pipeline, "pipe_names"):
        with needing("a pipeline of spaCy needs spaCy", "spacy"):
            import spacy
        try:
            pipeline = spacy.load(pipeline)
        except (OSError, ValueError, KeyError) as error:
            raise ScorerError(
                f"{pipeline}: spaCy cannot load a pipeline from there ({shown(str(error))})"
            ) from error
    loaded: Any = pipeline
    components = {"textcat", "ner"} & set(loaded.pipe_names)
    if not components:
        raise ScorerError(
            f"the pipeline of spaCy has {', '.join(loaded.pipe_names) or 'no component'}; intents come from textcat, "
            "slots from ner, and it has neither"
        )

    def score(texts: Sequence[str]) -> list[ModelAnswer]:
        documents = list(loaded.pipe(texts))
        parses = _parses(loaded, documents) if "ner" in components else [(None, None)] * len(documents)
        answers = []
        for document, (slots, chance) in zip(documents, parses, strict=True):
            intent = (
                max(document.cats, key=lambda name: (document.cats[name], name)) if document.cats else None
            )
            sure = min(max(float(document.cats[intent]), 0.0), 1.0) if intent is not None else None
            answers.append(ModelAnswer(intent, sure, slots, chance))
        return answers

    return score


def _parses(pipeline: Any, documents: list[Any]) -> list[tuple[tuple[Slot, ...] | None, float | None]]:
    """Find the best parse of each document by beam search, with its share of the probability of all."""
    ner = pipeline.get_pipe("ner")
    found: list[tuple[tuple[Slot, ...] | None, float | None]] = []
    beams = ner.beam_parse(documents, beam_width=BEAM, beam_density=0.0)
    for document, beam in zip(documents, beams, strict=True):
        shares: dict[tuple[Slot, ...], float] = {}
        for share, entities in ner.moves.get_beam_parses(beam):
            spans = (document[start:end] for start, end, _ in entities)
            labels = (label for _, _, label in entities)
            slots = tuple(
                sorted(
                    Slot(span.start_char, span.end_char, label)
                    for span, label in zip(spans, labels, strict=True)
                )
            )
            shares[slots] = shares.get(slots, 0.0) + share
        total = sum(shares.values())
        best = max(shares, key=lambda slots: (shares[slots], slots), default=())
        found.append((best, min(shares[best] / total, 1.0) if total > 0 else 1.0))
    return found


def transformers_scorer(intents: Any = None, slots: Any = None) -> Scoring:
    """Ask pipelines of Hugging Face: one of text classification for intents, one of token classification for slots.

    Each is called with a list of texts. The latter needs an `aggregation_strategy`, so that it gives whole entities;
    their probability is the product of their scores, and 1 where it finds none. Raises ScorerError if neither is given.
    """
    if intents is None and slots is None:
        raise ScorerError("transformers_scorer needs a pipeline for intents, one for slots, or both")

    def score(texts: Sequence[str]) -> list[ModelAnswer]:
        listed = list(texts)
        classes = [None] * len(listed) if intents is None else list(intents(listed))
        entities = [None] * len(listed) if slots is None else list(slots(listed))
        return [
            ModelAnswer(*_best_class(said), *_entities(spans))
            for said, spans in zip(classes, entities, strict=True)
        ]

    return score


def _best_class(said: Any) -> tuple[str | None, float | None]:
    """Take the likeliest of {"label", "score"}, or of a list of these (top_k)."""
    if said is None:
        return None, None
    best = max(said, key=lambda row: row["score"]) if isinstance(said, list) else said
    return best["label"], float(best["score"])


def _entities(spans: Any) -> tuple[tuple[Slot, ...] | None, float | None]:
    if spans is None:
        return None, None
    if any("entity_group" not in span for span in spans):
        raise ScorerError(
            "the pipeline of token classification gives pieces of words; make it with aggregation_strategy='simple'"
        )
    slots = tuple(sorted(Slot(int(span["start"]), int(span["end"]), span["entity_group"]) for span in spans))
    return slots, math.prod(float(span["score"]) for span in spans)
