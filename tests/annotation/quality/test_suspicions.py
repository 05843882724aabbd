"""Annotations that models of the other folds contradict."""

from dataclasses import replace

import numpy as np

from canvass.annotation.quality.suspicions import Evidence, chances, find_suspicions
from examples import music, others


def test_planted_errors_come_first():
    known = [*music(), *others()]
    wrong = {number: replace(known[number], slots=()) for number in range(2, 40, 9) if known[number].slots}
    assert len(wrong) > 2
    found = find_suspicions([wrong.get(number, known[number]) for number in range(len(known))])
    first = {suspicion.number for suspicion in found[: round(0.15 * len(known))]}
    assert len(first & wrong.keys()) >= 0.6 * len(wrong)
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


def test_too_few_are_not_judged():
    assert find_suspicions(music()[:19]) == []


def test_more_evidence_is_a_greater_chance_and_none_is_none():
    observed = np.array([0.0, -0.1, -0.2, -9.0, np.nan] * 10)
    odds = chances(Evidence(observed, np.full(50, -8.0)))
    assert odds[3] > odds[2] > odds[1] > odds[0]
    assert odds[4] == 0.0
