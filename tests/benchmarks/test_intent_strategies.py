"""The comparison of strategies for intents: peers choose from the pool, from the same start, with the same budget."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
pytest.importorskip("small_text")
pytest.importorskip("skactiveml")

from benchmarks.study import intent_strategies as study

from canvass import Utterance
from canvass.metrics import FrameErrors
from canvass.simulation.start import Corpus
from canvass.types import ELSEWHERE

NAMES = ("Paris", "Rome", "Oslo", "Lima", "Cairo", "Quito", "Delhi", "Bonn", "Baku", "Riga", "Doha", "Bern")
VERBS = {"Weather": "will it rain in", "Flight": "book a flight to", "Time": "what time is it in"}


@pytest.fixture(scope="module")
def corpus():
    some = [
        Utterance(f"{words} {name} {part}", intent=intent, domain="trips")
        for intent, words in VERBS.items()
        for name in NAMES
        for part in ("", "today", "please")
    ]
    return Corpus.of([*some, *(Utterance(f"sing about {name}", domain=ELSEWHERE) for name in NAMES)])


def test_a_start_has_as_many_examples_of_each_intent_and_no_more(corpus):
    start = study.started(corpus, 0, 2)
    assert sorted(utterance.intent for utterance in start.labelled) == sorted(2 * list(VERBS))
    assert any(utterance.domain == ELSEWHERE for utterance in start.pool)


QUICK = {"small-text:BreakingTies", "skactiveml:TypiClust"}


@pytest.mark.parametrize(
    "strategy",
    [
        "margin/plain",
        "margin/clusters",
        "margin-balanced",
        *(pytest.param(peer, marks=[] if peer in QUICK else pytest.mark.slow) for peer in study.PEERS),
    ],
)
def test_every_strategy_spends_the_same_on_other_utterances_each_round(corpus, strategy, monkeypatch):
    monkeypatch.setattr(study, "ROUNDS", 2)
    run = study.played(study.started(corpus, 0, 2), study.Features(corpus.rest), strategy, 0, 5)
    assert (run["start"], run["round"], len(run["intent_error"])) == (6, 5, 3)
    assert all(0 <= count <= 5 for count in run["out_of_scope"])
    assert run["fewest"] >= 2


@pytest.mark.parametrize(("rule", "order"), [("apart", [0, 2, 1, 3, 4]), ("clusters", [0, 2, 1, 4, 3])])
def test_rules_choose_from_the_best_in_rank_order(rule, order, monkeypatch):
    monkeypatch.setattr(study, "OF_CLUSTER", 1)
    vectors = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0], [1.0, 0.02], [0.01, 1.0]])
    best = study.Best(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 2, 0)
    assert study.RULES[rule](best) == order


def test_errors_of_intents_count_a_rare_one_as_any_other():
    wrong, right = (FrameErrors(0, 0, 0, 0, 0, 0, intent_wrong=wrong) for wrong in (True, False))
    assert study.error_of_intents(["a", "a", "a", "b"], [right, right, right, wrong]) == 0.5


def test_the_difference_from_random_is_that_of_the_seeds_which_both_have():
    def run(strategy, seed, error):
        return {
            "strategy": strategy,
            "seed": seed,
            "intent_error": [0.9, error],
            "slot_error": [0.9, error],
            "frame_error": [0.9, error],
            "error_of_intents": [0.9, error],
            "out_of_scope": [0, 3],
            "seconds": 1,
        }

    lines = study.table(
        [
            run("random", 0, 0.2),
            run("random", 1, 0.4),
            *(run("margin", seed, error) for seed, error in ((0, 0.1), (1, 0.3), (2, 0.0))),
        ]
    ).splitlines()
    assert lines[2].startswith(
        "| margin | 3 | 13.33 % | 13.33 % | -33.3 % (-33.3 to -33.3) | 13.33 % | 13.33 % | 13.33 % | 3.0 |"
    )
    assert lines[3].startswith("| random | 2 | 30.00 % | 30.00 % |  | 30.00 % | 30.00 % | 30.00 % |")
