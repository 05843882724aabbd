"""Every row of the table of strategies against a twin in plain Python, written from the design's section 3."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.errors import OptionError
from canvass.strategies import (
    DEFAULT,
    DEFAULT_FOR_ALL,
    STRATEGIES,
    Evidence,
    Strategy,
    draw_by,
    nearest_to_zero,
    strategy_named,
)

EVERYTHING = {"committee", "intents", "tagger"}


def log_logistic(score):
    """log(1 / (1 + exp(-score))), without overflow."""
    return -math.log1p(math.exp(-score)) if score > 0 else score - math.log1p(math.exp(score))


def positives(row):
    return sum(score > 0 for score in row.members)


def kept_by_majority(row):
    return positives(row) > len(row.members) - positives(row)


def kept_by_disagreement(row):
    return 0 < positives(row) < len(row.members)


class Row:
    """One candidate, in plain Python."""

    def __init__(
        self, members, log_intent, log_crf, length, uniform, *, margin=0.0, entropy=0.0, given=(0.0, 0.0, 0.0)
    ):
        self.members = members
        self.log_intent = log_intent
        self.log_crf = log_crf
        self.length = length
        self.uniform = uniform
        self.margin = margin
        self.entropy = entropy
        self.given_score, self.given_intent, self.given_slots = given


def sum_of_absolutes(row):
    return abs(row.members[0]) + abs(row.members[1]) + abs(row.members[2])


def absolute_sum(row):
    return abs(row.members[0] + row.members[1] + row.members[2])


def target_and_tags(row):
    return log_logistic(row.members[0]) + row.log_crf


def drawn(log_right, uniform, sharpness):
    """The logarithm of an exponential draw divided by its weight, (1 - p) ** sharpness."""
    race = math.log(-math.log(max(uniform, 2**-54)))
    return race - sharpness * math.log(-math.expm1(min(log_right, -(2**-40))))


def frame(row):
    # In the order of the code: of two scores near 0 no more than their difference is right.
    return float(-np.logaddexp(0.0, -row.members[0])) + row.log_intent + row.log_crf


# name: models, filter, score
TWINS = {
    "random": (set(), None, lambda row: row.uniform),
    "uncertainty": ({"committee"}, None, lambda row: abs(row.members[0])),
    "al-logistic": ({"committee"}, lambda row: row.members[0] > 0, lambda row: row.members[0]),
    "qbc-sa": ({"committee"}, kept_by_disagreement, sum_of_absolutes),
    "qbc-as": ({"committee"}, kept_by_disagreement, absolute_sum),
    "majority-sa": ({"committee"}, kept_by_majority, sum_of_absolutes),
    "majority-as": ({"committee"}, kept_by_majority, absolute_sum),
    "qbc-crf": ({"committee", "tagger"}, kept_by_disagreement, target_and_tags),
    "majority-crf": ({"committee", "tagger"}, kept_by_majority, target_and_tags),
    "random-positive": ({"committee"}, kept_by_majority, lambda row: row.uniform),
    "majority-mnlp": ({"committee", "tagger"}, kept_by_majority, lambda row: row.log_crf / row.length),
    "majority-joint": (EVERYTHING, kept_by_majority, lambda row: target_and_tags(row) + row.log_intent),
    "majority-drawn": (EVERYTHING, kept_by_majority, lambda row: drawn(frame(row), row.uniform, 1)),
    "majority-drawn-4": (EVERYTHING, kept_by_majority, lambda row: drawn(frame(row), row.uniform, 4)),
    "majority-drawn-length": (
        EVERYTHING,
        kept_by_majority,
        lambda row: drawn(frame(row) / row.length, row.uniform, 2),
    ),
    "joint": ({"intents", "tagger"}, None, lambda row: row.log_intent + row.log_crf),
    "margin-joint": (
        {"intents", "tagger"},
        None,
        lambda row: math.log(max(row.margin, 2.0**-54)) + row.log_crf,
    ),
    "margin-balanced": (
        {"intents", "tagger"},
        None,
        lambda row: math.log(max(row.margin, 2.0**-54)) + row.log_crf,
    ),
    "majority-traffic": (EVERYTHING, kept_by_majority, lambda row: target_and_tags(row) + row.log_intent),
    "joint-traffic": ({"intents", "tagger"}, None, lambda row: row.log_intent + row.log_crf),
    "least-confidence": ({"intents"}, None, lambda row: row.log_intent),
    "margin": ({"intents"}, None, lambda row: row.margin),
    "entropy": ({"intents"}, None, lambda row: -row.entropy),
    "external": ({"committee"}, kept_by_majority, lambda row: row.given_score),
    "external-all": (set(), None, lambda row: row.given_score),
    "external-joint": (
        EVERYTHING,
        kept_by_majority,
        lambda row: (
            log_logistic(row.members[0])
            + (row.log_intent + row.given_intent) / 2
            + (row.log_crf + row.given_slots) / 2
        ),
    ),
}

raw_scores = st.one_of(
    st.sampled_from([0.0, -0.0, 1e3, -1e3, 5e-324, -5e-324, 1.0, -1.0, 800.0, -800.0, 36.9, -36.9]),
    st.floats(-1e3, 1e3),
)
log_probabilities = st.one_of(
    st.sampled_from([0.0, -1e-300, -745.2, -1e3]), st.floats(-1e3, 0.0, allow_subnormal=False)
)
rows = st.builds(
    Row,
    st.lists(raw_scores, min_size=3, max_size=3),
    log_probabilities,
    log_probabilities,
    st.integers(1, 100),
    st.floats(0.0, 1.0, exclude_max=True),
    margin=st.floats(0.0, 2.0),
    entropy=st.floats(-1.0, 7.0),
    given=st.tuples(st.floats(-1e3, 1e3), log_probabilities, log_probabilities),
)
tables = st.lists(rows, max_size=20)


def evidence_of(table):
    return Evidence(
        np.array([row.members for row in table], dtype=np.float64).reshape(len(table), 3),
        np.array([row.log_intent for row in table], dtype=np.float64),
        np.array([row.log_crf for row in table], dtype=np.float64),
        np.array([row.length for row in table], dtype=np.int32),
        *(
            np.array([getattr(row, name) for row in table], dtype=np.float64)
            for name in ("uniform", "margin", "entropy", "given_score", "given_intent", "given_slots")
        ),
    )


def test_the_table_has_the_rows_of_the_design_and_no_other():
    assert list(STRATEGIES) == list(TWINS)
    for name, strategy in STRATEGIES.items():
        assert strategy.name == name
        assert strategy.models == TWINS[name][0]
        assert (strategy.keep is None) == (TWINS[name][1] is None) == (strategy.filter == "none")
        assert strategy.formula
        assert strategy.source
        assert strategy.for_all == (bool(TWINS[name][0]) and "committee" not in TWINS[name][0])
    assert (DEFAULT, DEFAULT_FOR_ALL) == ("majority-joint", "margin-balanced")


@given(tables)
def test_filters_and_scores_equal_their_twins(table):
    evidence = evidence_of(table)
    before = [array.copy() for array in evidence]
    for name, strategy in STRATEGIES.items():
        _, keep, score = TWINS[name]
        # Overflow, a division by zero or an invalid value anywhere would raise.
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            scores = strategy.score(evidence)
            kept = None if strategy.keep is None else strategy.keep(evidence.members)
        assert scores.dtype == np.float64, name
        assert np.isfinite(scores).all(), name
        expected = [score(row) for row in table]
        np.testing.assert_allclose(scores, expected, rtol=1e-14, atol=1e-300, err_msg=name)
        if keep is None:
            assert kept is None, name
        else:
            assert kept.dtype == np.bool_, name
            assert kept.tolist() == [keep(row) for row in table], name
        for array, copy in zip(evidence, before, strict=True):
            assert not np.shares_memory(array, scores), name
            assert array.tobytes() == copy.tobytes(), name


@given(st.lists(rows, min_size=1, max_size=20))
def test_a_score_depends_on_its_row_alone(table):
    # Columns that are no more contiguous than a slice of a block must not matter either.
    wide = Evidence(*(np.repeat(array, 2, axis=0)[::2] for array in evidence_of(table)))
    singles = [evidence_of([row]) for row in table]
    for name, strategy in STRATEGIES.items():
        alone = [strategy.score(single) for single in singles]
        assert strategy.score(wide).tobytes() == np.concatenate(alone).tobytes(), name
        if strategy.keep is not None:
            apart = [strategy.keep(single.members)[0] for single in singles]
            assert strategy.keep(wide.members).tolist() == apart, name


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_thousand_rows_equal_one_by_one(name):
    """Long arrays take the vector units; short ones of the test above may not."""
    random = np.random.default_rng(3)
    table = [
        Row(list(random.normal(size=3) * 5), -random.exponential(), -random.exponential(), int(length), random.random())
        for length in random.integers(1, 40, 1000)
    ]  # fmt: skip
    together = STRATEGIES[name].score(evidence_of(table)).tolist()
    assert together == [STRATEGIES[name].score(evidence_of([row]))[0] for row in table]


@given(tables)
def test_fill_is_ranked_by_the_logistic_member_on_either_side(table):
    found = nearest_to_zero(evidence_of(table).members)
    assert found.tolist() == [abs(row.members[0]) for row in table]


def ranked(name, named_rows):
    strategy, table = STRATEGIES[name], list(named_rows.values())
    evidence = evidence_of(table)
    kept = np.ones(len(table), dtype=bool) if strategy.keep is None else strategy.keep(evidence.members)
    order = np.argsort(strategy.score(evidence), kind="stable")
    return [list(named_rows)[i] for i in order if kept[i]]


def test_the_smallest_score_is_the_one_to_annotate():
    """What each strategy says of the same five requests, worked out by hand."""
    sure, half = 0.0, math.log(0.5)
    found = {
        "clear yes": Row([8.0, 2.0, 1.0], sure, sure, 5, 0.1),
        "hard slots": Row([5.0, 1.0, 0.5], sure, 10 * half, 10, 0.2),
        "hard slots, long": Row([5.0, 1.0, 0.5], sure, 11 * half, 40, 0.3),
        "hard intent": Row([4.0, 1.0, 0.4], 20 * half, half, 4, 0.4),
        "split": Row([-0.5, 0.5, 0.25], sure, sure, 3, 0.5),
        "one yes": Row([-1.0, -1.0, 3.0], sure, sure, 3, 0.6),
        "zero": Row([0.0, 0.5, 0.0], sure, half, 3, 0.7),
        "clear no": Row([-6.0, -1.5, -1.0], half, half, 3, 0.8),
    }
    everything = list(found)
    assert ranked("random", found) == everything
    assert ranked("uncertainty", found)[:3] == ["zero", "split", "one yes"]
    assert ranked("al-logistic", found) == ["hard intent", "hard slots", "hard slots, long", "clear yes"]
    assert ranked("qbc-sa", found) == ["zero", "split", "one yes"]
    assert ranked("qbc-as", found) == ["split", "zero", "one yes"]
    assert ranked("majority-sa", found)[:2] == ["split", "hard intent"]
    assert ranked("majority-as", found)[:2] == ["split", "hard intent"]
    assert ranked("qbc-crf", found) == ["zero", "one yes", "split"]
    assert ranked("majority-crf", found)[:2] == ["hard slots, long", "hard slots"]
    assert ranked("majority-mnlp", found)[:2] == ["hard slots", "hard slots, long"]
    assert ranked("majority-joint", found)[:2] == ["hard intent", "hard slots, long"]
    assert ranked("joint", found)[:2] == ["hard intent", "hard slots, long"]
    assert ranked("least-confidence", found)[0] == "hard intent"
    tied = {
        "sure": Row([0.0] * 3, math.log(0.9), sure, 3, 0.1, margin=0.85, entropy=0.4),
        "a tie of two": Row([0.0] * 3, math.log(0.5), sure, 3, 0.2, margin=0.0, entropy=0.69),
        "a favourite among many": Row([0.0] * 3, math.log(0.4), sure, 3, 0.3, margin=0.3, entropy=1.6),
    }
    assert ranked("margin", tied) == ["a tie of two", "a favourite among many", "sure"]
    assert ranked("margin-joint", tied) == ["a tie of two", "a favourite among many", "sure"]
    hard_slots = Row([0.0] * 3, math.log(0.9), math.log(0.1), 3, 0.4, margin=0.85)
    assert ranked("margin-joint", tied | {"hard slots": hard_slots})[:2] == ["a tie of two", "hard slots"]
    assert ranked("entropy", tied) == ["a favourite among many", "a tie of two", "sure"]
    assert ranked("least-confidence", tied) == ["a favourite among many", "a tie of two", "sure"]
    assert ranked("random-positive", found) == [
        "clear yes", "hard slots", "hard slots, long", "hard intent", "split"
    ]  # fmt: skip


def test_traffic_weighs_doubt_by_how_often_a_request_is_seen():
    weigh = STRATEGIES["majority-traffic"].weigh
    found = weigh(np.log([0.5, 0.5, 0.1, 1.0]), np.array([4.0, 1.0, 1.0, 10.0**12]))
    np.testing.assert_allclose(found, [-1.0, -0.5, -0.9, 0.0], atol=1e-12)
    assert STRATEGIES["joint-traffic"].weigh is weigh
    assert [name for name, strategy in STRATEGIES.items() if strategy.weigh] == [
        "majority-traffic",
        "joint-traffic",
    ]


def test_an_unknown_name_brings_the_nearest_and_the_whole_list():
    with pytest.raises(OptionError, match="did you mean majority-c") as refused:
        strategy_named("majority_crf")
    assert all(name in str(refused.value) for name in STRATEGIES)
    assert isinstance(strategy_named("joint"), Strategy)
    assert strategy_named("joint") is STRATEGIES["joint"]


@pytest.mark.parametrize("sharpness", [1.0, 4.0])
def test_the_smallest_scores_are_a_draw_in_proportion_to_doubt(sharpness):
    doubts = np.array([0.9, 0.5, 0.1])
    weights = doubts**sharpness
    shares = weights / weights.sum()
    draws = 6000
    uniform = np.random.default_rng(1).random(3 * draws)
    scores = draw_by(np.tile(np.log(1 - doubts), draws), uniform, sharpness).reshape(draws, 3)
    order = np.argsort(scores, axis=1)
    first = np.bincount(order[:, 0], minlength=3) / draws
    np.testing.assert_allclose(first, shares, atol=0.025)  # four standard errors
    # Among the first two: drawn first, or after one of the others.
    least = shares[2] + sum(shares[other] * shares[2] / (1 - shares[other]) for other in (0, 1))
    assert (order[:, :2] == 2).any(axis=1).mean() == pytest.approx(least, abs=0.025)
