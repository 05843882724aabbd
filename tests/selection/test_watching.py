"""A watch on traffic: the test of shares."""

import numpy as np
from scipy.stats import binomtest

from canvass.selection.watching import ALARM, Counts, p_values


def test_p_values_are_those_of_the_conditional_binomial_test():
    now, before = np.array([3, 40, 0, 0]), np.array([20, 60, 0, 9])
    p = p_values(now, 100, before, 300)
    for number in (0, 3):
        a, b = int(now[number]), int(before[number])
        lower = binomtest(a, a + b, 100 / 400, alternative="less").pvalue
        upper = binomtest(a, a + b, 100 / 400, alternative="greater").pvalue
        assert np.isclose(p[number], min(1.0, 3 * 2 * min(lower, upper)))
    assert p[2] == 1.0


def test_quiet_windows_raise_few_alarms_and_changed_ones_many():
    draw = np.random.default_rng(0)
    shares = draw.dirichlet(np.full(60, 0.3))
    changed = 0.95 * shares
    changed[-1] += 0.05
    alarms = {"quiet": 0, "changed": 0}
    for _ in range(400):
        before = draw.multinomial(20_000, shares)
        for name, of in (("quiet", shares), ("changed", changed)):
            p = p_values(draw.multinomial(10_000, of), 10_000, before, 20_000)
            alarms[name] += bool((p <= ALARM).any())
    assert alarms["quiet"] <= 11  # 4 are expected at most; more than 11 has a chance below 0.2 %
    assert alarms["changed"] == 400


def test_counts_come_back_from_json():
    counts = Counts(7, np.array([3, 4, 0]), np.zeros(1 << 14, np.int64))
    counts.words[[5, 99]] = 2, 6
    again = Counts.from_dict(counts.as_dict(), 2)
    assert again.requests == 7
    assert again.labels.tolist() == [3, 4, 0]
    assert np.array_equal(again.words, counts.words)
    assert again.plus(counts).words[99] == 12
