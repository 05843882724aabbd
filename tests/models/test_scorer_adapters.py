"""Scorers of scikit-learn, spaCy and Hugging Face: what they say is what the libraries say."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from canvass.errors import ScorerError
from canvass.models.scorer import Scorer
from canvass.models.scorer_adapters import sklearn_scorer, spacy_scorer, transformers_scorer
from canvass.types import ModelAnswer, Slot, Utterance

EXAMPLES = [
    Utterance(
        f"{verb} {thing}", intent=intent, slots=(Slot(len(verb) + 1, len(verb) + 1 + len(thing), "thing"),)
    )
    for verb, intent in (("play", "Play"), ("stop", "Stop"))
    for thing in ("radio", "the news", "jazz", "rock")
]
TEXTS = [utterance.text for utterance in EXAMPLES]


def test_a_pipeline_of_scikit_learn():
    pipeline = make_pipeline(CountVectorizer(), LogisticRegression())
    pipeline.fit(TEXTS, [utterance.intent for utterance in EXAMPLES])
    answers = sklearn_scorer(pipeline)(["play the radio", "stop"])
    assert [answer.intent for answer in answers] == ["Play", "Stop"]
    assert [answer.intent_probability for answer in answers] == pipeline.predict_proba(
        ["play the radio", "stop"]
    ).max(axis=1).tolist()
    assert [(answer.slots, answer.slots_probability) for answer in answers] == [(None, None)] * 2
    with pytest.raises(ScorerError, match="LinearSVC has no predict_proba"):
        sklearn_scorer(LinearSVC())


def intents_of(texts):
    """A pipeline of text classification: one class a text."""
    return [{"label": "Play" if "play" in text else "Stop", "score": 0.9} for text in texts]


def all_intents_of(texts):
    """The same with top_k=None."""
    return [[{"label": "Stop", "score": 0.2}, {"label": "Play", "score": 0.8}] for _ in texts]


def entities_of(texts):
    """A pipeline of token classification with an aggregation strategy; numbers are those of numpy."""
    return [
        [
            {"entity_group": "thing", "score": np.float32(0.5), "word": "b", "start": 7, "end": 8},
            {"entity_group": "verb", "score": np.float32(0.5), "word": "a", "start": 0, "end": 4},
        ]
        if text.startswith("play")
        else []
        for text in texts
    ]


def test_pipelines_of_hugging_face():
    texts = ["play a b", "stop"]
    both = transformers_scorer(intents_of, entities_of)
    slots = (Slot(0, 4, "verb"), Slot(7, 8, "thing"))
    assert both(texts) == [ModelAnswer("Play", 0.9, slots, 0.25), ModelAnswer("Stop", 0.9, (), 1.0)]
    assert transformers_scorer(all_intents_of)(texts) == [ModelAnswer("Play", 0.8)] * 2
    assert transformers_scorer(slots=entities_of)(texts)[1] == ModelAnswer(None, None, (), 1.0)
    with pytest.raises(ScorerError, match="aggregation_strategy='simple'"):
        transformers_scorer(slots=lambda texts: [[{"entity": "B-x", "start": 0, "end": 1}] for _ in texts])(
            texts
        )
    with pytest.raises(ScorerError, match="needs a pipeline"):
        transformers_scorer()


@pytest.fixture(scope="module")
def pipeline():
    spacy = pytest.importorskip("spacy")
    training = pytest.importorskip("spacy.training")
    spacy.util.fix_random_seed(1)
    made = spacy.blank("en")
    made.add_pipe("ner")
    made.add_pipe("textcat")
    examples = [
        training.Example.from_dict(
            made.make_doc(utterance.text),
            {
                "entities": [(slot.start, slot.end, slot.label) for slot in utterance.slots],
                "cats": {name: float(name == utterance.intent) for name in ("Play", "Stop")},
            },
        )
        for utterance in EXAMPLES
    ]
    optimizer = made.initialize(lambda: examples)
    for _ in range(25):
        made.update(examples, sgd=optimizer)
    return made


@pytest.mark.slow
def test_a_folder_of_spacy(pipeline, tmp_path):
    pipeline.to_disk(tmp_path / "music")
    answers = Scorer.of(str(tmp_path / "music"), EXAMPLES).answers(TEXTS)
    documents = list(pipeline.pipe(TEXTS))
    assert [answer.intent for answer in answers] == [utterance.intent for utterance in EXAMPLES]
    assert [answer.slots for answer in answers] == [utterance.slots for utterance in EXAMPLES]
    for answer, document in zip(answers, documents, strict=True):
        assert answer.intent_probability == pytest.approx(document.cats[answer.intent], abs=1e-6)
        assert 0.5 < answer.slots_probability <= 1
    # What it was not trained on, it is less sure of.
    odd = spacy_scorer(pipeline)(["wake me at noon in the radio jazz play"])[0]
    assert odd.slots_probability < min(answer.slots_probability for answer in answers)


@pytest.mark.slow
def test_folders_that_are_no_pipeline(pipeline, tmp_path):
    with pytest.raises(ScorerError, match="spaCy cannot load a pipeline from there"):
        Scorer.of(str(tmp_path), EXAMPLES)
    spacy = pytest.importorskip("spacy")
    with pytest.raises(ScorerError, match="has no component; intents come from textcat"):
        spacy_scorer(spacy.blank("en"))
