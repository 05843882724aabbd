"""canvass' strategies in small-text's own learner."""

import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from adapter_rows import INTENTS, KNOWN, OPEN, SLOTS, TEXTS, own_choice, target_of
from canvass import as_small_text
from canvass.errors import ExtraMissingError, InputError, OptionError, TrainingError
from canvass.integrations.estimator import HashedNgrams
from parameters import slow_unless

small_text = pytest.importorskip("small_text")
NAMES = sorted(set(INTENTS))
TRUTH = np.array([NAMES.index(intent) for intent in INTENTS])
MATRIX = HashedNgrams(bits=9).transform(TEXTS)


def target_numbers(name):
    target = target_of(name)[1]
    return None if target is None else [NAMES.index(intent) for intent in target]


def learner_of(strategy, dataset=None, known=KNOWN, *, retrain=True):
    everything = np.arange(len(NAMES))
    if dataset is None:
        dataset = small_text.SklearnDataset(MATRIX, TRUTH, target_labels=everything)
    factory = small_text.SklearnClassifierFactory(LogisticRegression(), len(NAMES))
    learner = small_text.PoolBasedActiveLearner(factory, strategy, dataset)
    learner.initialize_data(known, TRUTH[known], retrain=retrain)
    return learner


@pytest.mark.parametrize(
    "name",
    slow_unless(
        ["majority-joint"], ["random", "qbc-sa", "majority-as", "majority-crf", "majority-joint", "joint"]
    ),
)
def test_a_loop_chooses_what_select_chooses(name):
    """Three rounds; intents have numbers here and names there, in the same order."""
    strategy = as_small_text(name, target=target_numbers(name), seed=4)
    assert isinstance(strategy, small_text.QueryStrategy)
    learner = learner_of(strategy)
    known = KNOWN.tolist()
    for _ in range(3):
        slots = [SLOTS[row] if row in set(known) else None for row in range(len(TEXTS))]
        chosen = learner.query(8, query_strategy_kwargs={"texts": TEXTS, "slots": slots})
        assert chosen.tolist() == own_choice(name, known, 8, 4)
        learner.update(TRUTH[chosen])
        known += chosen.tolist()
    assert (learner.classifier.predict(learner.dataset)[OPEN] == TRUTH[OPEN]).mean() > 0.5


def test_texts_of_a_dataset_need_not_be_given_again():
    dataset = small_text.TextDataset(TEXTS, TRUTH, target_labels=np.arange(len(NAMES)))
    learner = learner_of(
        as_small_text("qbc-as", target=target_numbers("qbc-as"), seed=4), dataset, retrain=False
    )
    assert learner.query(8).tolist() == own_choice("qbc-as", KNOWN, 8, 4)


@pytest.mark.parametrize("features", [MATRIX, MATRIX.toarray()], ids=["sparse", "dense"])
def test_features_alone_serve_a_committee(features):
    dataset = small_text.SklearnDataset(features, TRUTH, target_labels=np.arange(len(NAMES)))
    learner = learner_of(as_small_text("majority-as", target=target_numbers("majority-as")), dataset)
    for _ in range(2):
        chosen = learner.query(8)
        assert len(set(chosen.tolist()) - set(learner.indices_labeled.tolist())) == 8
        learner.update(TRUTH[chosen])


def test_it_can_be_wrapped_saved_and_shown(tmp_path):
    own = as_small_text("majority-as", target=target_numbers("majority-as"))
    wrapped = small_text.query_strategies.SubsamplingQueryStrategy(own, subsample_size=30)
    learner = learner_of(wrapped)
    np.random.seed(0)  # noqa: NPY002 - the wrapper's source of chance
    assert len(set(learner.query(5).tolist())) == 5
    first = learner_of(own)
    first.save(tmp_path / "learner")
    again = small_text.PoolBasedActiveLearner.load(tmp_path / "learner")
    assert again.query(5).tolist() == first.query(5).tolist()
    assert str(own) == f"CanvassQueryStrategy('majority-as', target={target_numbers('majority-as')})"


def test_what_does_not_go_together_is_one_sentence():
    strategy = as_small_text("majority-as", target=target_numbers("majority-as"))
    learner = learner_of(strategy)
    with pytest.raises(InputError, match=f"texts has 3 rows, and the dataset {len(TEXTS)}"):
        learner.query(5, query_strategy_kwargs={"texts": TEXTS[:3]})
    with pytest.raises(small_text.query_strategies.PoolExhaustedException):
        learner.query(len(TEXTS))
    with pytest.raises(OptionError, match=r"'majority-joint' ranks by a slot tagger"):
        learner_of(as_small_text("majority-joint", target=1)).query(5)
    with pytest.raises(TrainingError, match=r"there are 0 and \d+ \(in y: 0, 1, 2, 3, 4\)"):
        learner_of(as_small_text("majority-as", target=99)).query(5)
    several = csr_matrix(np.ones((len(KNOWN), 2)))
    with pytest.raises(OptionError, match="several labels each"):
        strategy.query(None, learner.dataset, OPEN, KNOWN, several)
    with pytest.raises(InputError, match="neither texts nor a feature matrix"):
        strategy.query(None, [(1, 2)] * len(TEXTS), OPEN, KNOWN, TRUTH[KNOWN])
    with pytest.raises(OptionError, match="'majority-as' needs a committee"):
        as_small_text("majority-as")


def test_a_missing_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "small_text"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "canvass.integrations.small_text_strategy", raising=False)
    monkeypatch.setitem(sys.modules, "small_text", None)
    with pytest.raises(ExtraMissingError, match=r"pip install 'canvass-nlu\[small-text\]'"):
        as_small_text("random")
