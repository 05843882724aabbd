"""canvass' strategies in scikit-activeml's own loop."""

import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from adapter_rows import INTENTS, KNOWN, OPEN, SLOTS, TEXTS, own_choice, target_of
from canvass import as_skactiveml
from canvass.errors import ExtraMissingError, InputError, OptionError, TrainingError
from canvass.integrations.estimator import HashedNgrams
from parameters import slow_unless

skactiveml = pytest.importorskip("skactiveml")
from skactiveml.base import SingleAnnotatorPoolQueryStrategy  # noqa: E402
from skactiveml.classifier import SklearnClassifier  # noqa: E402
from skactiveml.exceptions import MappingError  # noqa: E402
from skactiveml.pool import SubSamplingWrapper  # noqa: E402

FEATURES = HashedNgrams(bits=8).transform(TEXTS).toarray()
TRUTH = np.array(INTENTS, dtype=object)


def labels(known=KNOWN):
    y = np.full(len(TEXTS), None, dtype=object)
    y[known] = TRUTH[known]
    return y


def strategy_of(name, **options):
    return as_skactiveml(name, target=target_of(name)[1], missing_label=None, random_state=4, **options)


@pytest.mark.parametrize(
    "name",
    slow_unless(
        ["majority-joint"], ["random", "qbc-sa", "majority-as", "majority-crf", "majority-joint", "joint"]
    ),
)
def test_a_loop_chooses_what_select_chooses(name):
    """Three rounds with the peer's own classifier beside; the slots of what is labelled become known with it.

    y does not say in which order it was labelled, and training does depend on the order: it is that of the rows.
    """
    strategy = strategy_of(name)
    assert isinstance(strategy, SingleAnnotatorPoolQueryStrategy)
    classifier = SklearnClassifier(LogisticRegression(), classes=sorted(set(INTENTS)), missing_label=None)
    y, known = labels(), KNOWN.tolist()
    for _ in range(3):
        classifier.fit(FEATURES, y)
        slots = [SLOTS[row] if row in set(known) else None for row in range(len(TEXTS))]
        chosen = strategy.query(FEATURES, y, texts=TEXTS, slots=slots, batch_size=8)
        assert chosen.tolist() == own_choice(name, sorted(known), 8, 4)
        y[chosen] = TRUTH[chosen]
        known += chosen.tolist()
    assert classifier.score(FEATURES[OPEN], TRUTH[OPEN]) > 0.5


@pytest.mark.parametrize("name", ["majority-as", "majority-crf", "random"])
def test_utilities_are_the_peers(name):
    strategy = strategy_of(name)
    chosen, utilities = strategy.query(
        FEATURES, labels(), texts=TEXTS, slots=SLOTS, batch_size=9, return_utilities=True
    )
    assert (
        chosen.tolist() == strategy.query(FEATURES, labels(), texts=TEXTS, slots=SLOTS, batch_size=9).tolist()
    )
    assert utilities.shape == (9, len(TEXTS))
    along = utilities[0, own_choice(name, KNOWN, len(OPEN), 4)]
    assert (np.diff(along) <= 0).all()
    assert len(set(along)) > len(along) / 2
    assert np.isnan(utilities[:, KNOWN]).all()
    for i, row in enumerate(chosen):
        assert utilities[i, row] == np.nanmax(utilities[i])
        assert np.isnan(utilities[i:, chosen[:i]]).all()
        assert np.isnan(utilities[i]).sum() == len(KNOWN) + i


def test_features_alone_serve_a_committee():
    """Rows, or features that are in nobody's X: the same candidates, the same choice."""
    dice = np.random.RandomState(0)
    X = dice.normal(size=(120, 5))  # noqa: N806
    y = np.where(X[:, 0] + X[:, 1] > 0, 1.0, 0.0)
    y[40:] = np.nan
    strategy = as_skactiveml("majority-as", target=1)
    by_default = strategy.query(X, y, batch_size=6)
    assert (by_default >= 40).all()
    chosen, utilities = strategy.query(
        X, y, candidates=np.arange(40, 120), batch_size=6, return_utilities=True
    )
    assert chosen.tolist() == by_default.tolist()
    assert utilities.shape == (6, 120)
    apart, utilities = strategy.query(X, y, candidates=X[40:], batch_size=6, return_utilities=True)
    assert (apart + 40).tolist() == by_default.tolist()
    assert utilities.shape == (6, 80)
    wrapped = SubSamplingWrapper(strategy, max_candidates=80, random_state=0).query(X, y, batch_size=6)
    assert wrapped.tolist() == by_default.tolist()


def test_a_loop_may_begin_without_a_label():
    nothing = np.full(len(TEXTS), np.nan)
    strategy = as_skactiveml("random", target=1)
    assert len(set(strategy.query(FEATURES, nothing, batch_size=5).tolist())) == 5
    assert len(set(strategy.query(FEATURES, nothing, texts=TEXTS, batch_size=5).tolist())) == 5


def test_it_is_cloned_and_shown_as_others_are():
    strategy = strategy_of("qbc-sa", max_tokens=9)
    again = clone(strategy)
    assert again.get_params() == strategy.get_params()
    assert again.get_params()["target"] == ["AddToPlaylist", "PlayMusic"]
    assert "CanvassPoolStrategy" in repr(strategy)


def test_what_does_not_go_together_is_one_sentence():
    strategy = strategy_of("majority-as")
    with pytest.raises(InputError, match="X is a sparse matrix, which scikit-activeml does not take"):
        strategy.query(csr_matrix(FEATURES), labels(), texts=TEXTS)
    with pytest.raises(InputError, match=f"texts has 3 rows, and X {len(TEXTS)}"):
        strategy.query(FEATURES, labels(), texts=TEXTS[:3])
    with pytest.raises(MappingError):
        strategy.query(FEATURES, labels(), texts=TEXTS, candidates=FEATURES[:4])
    with pytest.raises(
        OptionError, match=r"'majority-crf' ranks by a slot tagger.* pass texts=\.\.\. and slots="
    ):
        strategy_of("majority-crf").query(FEATURES, labels())
    with pytest.raises(TrainingError, match="begin with 'random'"):
        strategy.query(FEATURES, labels(KNOWN[:0]))
    with pytest.raises(OptionError, match="'majority-as' needs a committee"):
        as_skactiveml("majority-as")
    with (
        pytest.warns(UserWarning, match=r"."),
        pytest.raises(InputError, match="no candidate is left"),
    ):
        strategy.query(FEATURES, TRUTH)


def test_a_missing_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "skactiveml"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "canvass.integrations.skactiveml_strategy", raising=False)
    monkeypatch.setitem(sys.modules, "skactiveml", None)
    with pytest.raises(ExtraMissingError, match=r"pip install 'canvass-nlu\[skactiveml\]'"):
        as_skactiveml("random")
