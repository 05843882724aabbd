"""Ranking somebody else's rows: the whole order, what is left for last, and what is refused."""

import numpy as np
import pytest

from adapter_rows import INTENTS, KNOWN, MUSIC_INTENTS, ODD_ROWS, OPEN, SLOTS, TEXTS, own_choice, target_of
from canvass.errors import InputError, OptionError, TrainingError
from canvass.integrations import ranking
from canvass.integrations.estimator import HashedNgrams
from canvass.integrations.ranking import Labels, Ranking, chosen_strategy, rank_features, rank_texts
from canvass.strategies import STRATEGIES
from parameters import slow_unless
from pools import OWN as OWN_SCORES

OWN = [name for name in OWN_SCORES if STRATEGIES[name].weigh is None]  # rows of peers have no counts
NEED_TEXTS = sorted(name for name in OWN if STRATEGIES[name].models & {"tagger", "intents"})


def labels_of(target, known=KNOWN):
    return Labels(known, [INTENTS[row] for row in known], None if target is None else frozenset(target))


def ranked(name, size, *, slots=SLOTS, known=KNOWN, candidates=OPEN, texts=TEXTS, target=...):
    target = target_of(name)[1] if target is ... else target
    return rank_texts(
        STRATEGIES[name],
        texts,
        candidates,
        labels_of(target, known),
        slots=slots,
        seed=4,
        max_tokens=40,
        size=size,
    )


@pytest.mark.parametrize("name", slow_unless(["random", "majority-joint", "margin-balanced"], OWN))
def test_texts_are_ranked_as_select_ranks_them(name, monkeypatch):
    """Down to the last candidate, in blocks of any size, wherever the candidates stand."""
    everything = own_choice(name, KNOWN, len(OPEN), 4)
    assert set(OPEN) - set(everything) == {*ODD_ROWS} - {ODD_ROWS[1]} | {OPEN[len(ODD_ROWS) + 3]}
    found = ranked(name, len(OPEN))
    assert found.rows.tolist() == everything
    assert (
        found.passed == len(everything) if STRATEGIES[name].keep is None else found.passed < len(everything)
    )
    monkeypatch.setattr(ranking, "BLOCK", 7)
    for size in (1, 10, len(OPEN)):
        found = ranked(name, size, candidates=OPEN[::-1]).choose(size).tolist()
        # Of how many intents take turns depends on the size.
        chosen = own_choice(name, KNOWN, size, 4) if STRATEGIES[name].balanced else everything[:size]
        assert found[: len(everything)] == chosen


def test_what_canvass_leaves_out_comes_last(caplog):
    found = ranked("majority-as", len(OPEN))
    assert len(found.choose(found.passed)) == found.passed
    assert not caplog.messages
    chosen = found.choose(len(OPEN))
    assert caplog.messages == [
        f"only {found.passed} of {len(OPEN)} choices passed the filter; the rest fills the batch"
    ]
    assert sorted(chosen.tolist()) == OPEN.tolist()
    assert found.left_out.tolist() == [*(set(ODD_ROWS.tolist()) - {ODD_ROWS[1]}), OPEN[len(ODD_ROWS) + 3]]
    assert chosen[-len(found.left_out) :].tolist() == found.left_out.tolist()


@pytest.mark.parametrize("name", OWN)
def test_utilities_fall_along_the_ranking(name):
    found = ranked(name, len(OPEN))
    utilities = found.utilities(len(TEXTS))
    assert np.isnan(utilities[KNOWN]).all()
    along = utilities[found.choose(len(OPEN))]
    assert (np.diff(along) <= 0).all()
    if 0 < found.passed < len(found.rows):
        assert along[found.passed] <= along[found.passed - 1] - 1
    assert len(set(along[len(found.rows) :])) == 1
    assert along[-1] <= along[len(found.rows) - 1] - 1


def test_utilities_where_nothing_passed_and_where_nothing_else_is_there():
    nothing = np.zeros(0, dtype=np.int64)
    filling = Ranking(np.array([2, 0]), np.array([0.5, 3.0]), 0, np.array([1]))
    np.testing.assert_array_equal(filling.utilities(4), [-4.0, -5.0, -1.5, np.nan])
    np.testing.assert_array_equal(
        Ranking(nothing, np.zeros(0), 0, np.array([1])).utilities(2), [np.nan, -1.0]
    )
    with pytest.raises(OptionError):
        chosen_strategy("majority-as", None)
    with pytest.raises(OptionError, match="rows have no counts here; take 'majority-joint' or 'joint'"):
        chosen_strategy("majority-traffic", "music")


@pytest.mark.parametrize("name", sorted(set(OWN) - set(NEED_TEXTS)))
def test_features_of_the_texts_rank_as_the_texts_do(name):
    """But for ties and draws, which go by key there, and by row here."""
    matrix = HashedNgrams().transform(TEXTS)
    rows = np.setdiff1d(OPEN, ranked(name, len(OPEN)).left_out)
    found = rank_features(
        STRATEGIES[name], matrix[KNOWN], matrix[rows], rows, labels_of(MUSIC_INTENTS), seed=4
    )
    own = ranked(name, len(rows), candidates=rows)
    assert (found.passed, sorted(found.rows.tolist())) == (own.passed, rows.tolist())
    if "random" in name:
        assert sorted(found.rows[: found.passed].tolist()) == sorted(own.rows[: own.passed].tolist())
        assert found.rows.tolist() != own.rows.tolist()
        return
    np.testing.assert_allclose(found.scores, own.scores, rtol=1e-9, atol=1e-12)
    gaps = np.diff(own.scores) > 1e-9
    clear = np.concatenate([[True], gaps]) & np.concatenate([gaps, [True]])
    assert clear.sum() > 10
    assert found.rows[clear].tolist() == own.rows[clear].tolist()


def test_draws_by_row_differ_by_seed_only():
    features = np.zeros((len(OPEN), 1))
    orders = [
        rank_features(
            STRATEGIES["random"], features, features, OPEN, labels_of(None, KNOWN[:0]), seed=seed
        ).rows.tolist()
        for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_random_needs_no_label_and_nothing_else_does_without():
    nobody = KNOWN[:0]
    assert len(ranked("random", 5, known=nobody, slots=None).choose(5)) == 5
    with pytest.raises(
        TrainingError,
        match=r"needs labelled rows of the target \('AddToPlaylist', 'PlayMusic'\) and .* begin with 'random'",
    ):
        ranked("majority-as", 5, known=nobody, slots=None)
    with pytest.raises(TrainingError, match=r"there are \d+ and 0 \(in y: 'AddToPlaylist', 'PlayMusic'\)"):
        ranked("qbc-sa", 5, known=np.array([row for row in KNOWN if INTENTS[row] in MUSIC_INTENTS]))
    features = np.ones((len(KNOWN), 1))
    with pytest.raises(TrainingError, match="there are 0 and"):
        rank_features(STRATEGIES["majority-as"], features, features, KNOWN, labels_of(["Sleep"]), seed=0)


@pytest.mark.parametrize("name", [name for name in NEED_TEXTS if "tagger" in STRATEGIES[name].models])
def test_a_tagger_is_not_trained_on_nothing(name):
    features = np.ones((len(OPEN), 1))
    with pytest.raises(OptionError, match=r"reads texts: pass texts=\.\.\. and slots=\.\.\. to query"):
        rank_features(STRATEGIES[name], features, features, OPEN, labels_of(target_of(name)[1]), seed=0)
    with pytest.raises(OptionError, match=r"trains a slot tagger: pass slots="):
        ranked(name, 5, slots=None)
    with pytest.raises(TrainingError, match="needs at least 2; there are 0"):
        ranked(name, 5, slots=[None] * len(TEXTS))


@pytest.mark.parametrize("name", ["least-confidence", "margin", "entropy"])
def test_intents_are_of_texts_and_need_no_slots(name):
    features = np.ones((len(OPEN), 1))
    with pytest.raises(OptionError, match=r"ranks by models of texts: pass texts=\.\.\. to query"):
        rank_features(STRATEGIES[name], features, features, OPEN, labels_of(None), seed=0)
    assert ranked(name, 5, slots=None).passed


def test_slots_of_others_do_not_train_a_tagger():
    slots = [None if intent in MUSIC_INTENTS else () for intent in INTENTS]
    with pytest.raises(TrainingError, match="needs at least 2; there are 0"):
        ranked("majority-crf", 5, slots=slots)


def test_the_first_of_equal_texts_stands_for_them():
    texts = [f"text number {row}" for row in range(12)]
    texts[10] = texts[9]
    nobody = Labels(KNOWN[:0], [], None)
    found = rank_texts(
        STRATEGIES["random"], texts, np.arange(12), nobody, slots=None, seed=0, max_tokens=40, size=12
    )
    assert found.left_out.tolist() == [10]


def test_slots_may_be_tuples_and_those_of_other_rows_are_not_read():
    slots = [None if one is None else [(slot.start, slot.end, slot.label) for slot in one] for one in SLOTS]
    slots[OPEN[0]] = "nonsense"
    assert ranked("majority-crf", 9, slots=slots).choose(9).tolist() == own_choice(
        "majority-crf", KNOWN, 9, 4
    )


def test_bad_texts_and_slots_are_one_sentence():
    for slots, sentence in (
        (SLOTS[:-1], f"slots has {len(TEXTS) - 1} rows, and texts {len(TEXTS)}"),
        ([["river"], *SLOTS[1:]], r"slots\[0\] is \['river'\]; expected a list of \(start, end, label\)"),
        ([[(0, 2, "SongName")], *SLOTS[1:]], "does not begin and end on token borders"),
    ):
        with pytest.raises(InputError, match=sentence):
            ranked("majority-crf", 5, slots=slots)
    with pytest.raises(InputError, match=r"texts\[1\] is of type float"):
        ranked("majority-as", 5, texts=[TEXTS[0], 0.5, *TEXTS[2:]])


def test_targets_are_one_label_or_several():
    assert chosen_strategy("majority-as", "music")[1] == {"music"}
    assert chosen_strategy("majority-as", 1)[1] == {1}
    assert chosen_strategy("majority-as", ("a", "b"))[1] == {"a", "b"}
    assert chosen_strategy("joint", None)[1] is None
    with pytest.raises(OptionError, match="did you mean majority"):
        chosen_strategy("majorty-as", 1)
    with pytest.raises(
        OptionError, match=r"'qbc-sa' needs a committee that tells a target from the rest: pass target="
    ):
        chosen_strategy("qbc-sa", None)
