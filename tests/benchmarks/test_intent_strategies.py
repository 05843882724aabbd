"""The comparison of strategies for intents: peers choose from the pool, from the same start, with the same budget."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
pytest.importorskip("small_text")
pytest.importorskip("skactiveml")

from benchmarks.study import intent_strategies as study

from canvass import Utterance
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
        *(pytest.param(peer, marks=[] if peer in QUICK else pytest.mark.slow) for peer in study.PEERS),
    ],
)
def test_every_strategy_spends_the_same_on_other_utterances_each_round(corpus, strategy, monkeypatch):
    monkeypatch.setattr(study, "ROUNDS", 2)
    monkeypatch.setattr(study, "SHARE", 0.05)
    run = study.played(corpus, study.Features(corpus.rest), strategy, 0, 2)
    assert (run["start"], run["round"], len(run["intent_error"])) == (6, 5, 3)
    assert all(0 <= count <= 5 for count in run["out_of_scope"])
    assert run["fewest"] >= 2


def test_the_difference_from_random_is_that_of_the_seeds_which_both_have():
    def run(strategy, seed, error):
        return {
            "strategy": strategy,
            "seed": seed,
            "intent_error": [0.9, error],
            "frame_error": [0.9, error],
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
        "| margin | 3 | 13.33 % | 13.33 % | -33.3 % (-33.3 to -33.3) | 13.33 % | 3.0 |"
    )
    assert lines[3].startswith("| random | 2 | 30.00 % | 30.00 % |  | 30.00 % |")
