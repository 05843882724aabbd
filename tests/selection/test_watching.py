"""A watch on traffic: the tests of shares and of groups."""

import numpy as np
import pyarrow as pa
from scipy.stats import binomtest

from canvass.corpus.pool import Pool
from canvass.features.key_sample import KeySample, draws_of
from canvass.selection.predicted_labels import label_classifier, likeliest_labels
from canvass.selection.watching import ALARM, Counts, Sampled, count, group_changes, p_values
from canvass.types import Utterance
from word_pools import requests


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


def test_lost_requests_count_for_their_likeliest_label_too():
    labelled = [Utterance(f"{verb} {n}", intent=verb) for verb in ("play", "stop", "rain") for n in range(3)]
    classifier = label_classifier(labelled)
    pool = Pool.of([Utterance("play 1", count=4), Utterance("stop 2", count=2), Utterance("zzz", count=3)])
    column = pa.array(["play 1", "stop 2", "zzz"])
    labels, lost = likeliest_labels(classifier, column)
    assert lost.tolist() == [False, False, True]
    counts = count(classifier, pool.blocks(), KeySample())
    assert counts.labels[:-1].sum() == counts.requests == 9
    assert counts.labels[-1] == 3
    assert counts.labels[labels[2]] >= 3


def test_counts_come_back_from_json():
    counts = Counts(7, np.array([3, 4, 0]), np.zeros(1 << 14, np.int64))
    counts.words[[5, 99]] = 2, 6
    again = Counts.from_dict(counts.as_dict(), 2)
    assert again.requests == 7
    assert again.labels.tolist() == [3, 4, 0]
    assert np.array_equal(again.words, counts.words)
    assert again.plus(counts).words[99] == 12


def sampled_of(texts, limit=1 << 20):
    pool = Pool.of([Utterance(text, count=texts.count(text)) for text in dict.fromkeys(texts)])
    sample = KeySample(limit)
    for block in pool.blocks():
        sample.add(block.batch.column("text"))
    return Sampled.of(sample, pool.blocks())


def test_samples_are_compared_where_both_have_all_keys():
    texts = requests(400, seed=1) * 2
    whole, part = sampled_of(texts), sampled_of(texts, limit=3000)
    assert part.bound < whole.bound == 1.0
    assert whole.requests.sum() == 800
    kept = whole.below(part.bound)
    assert kept.keys.equals(part.keys)
    assert kept.requests.tolist() == part.requests.tolist()
    assert (draws_of(part.keys) < part.bound).all()
    again = Sampled.from_dict(part.as_dict())
    assert (again.keys.equals(part.keys), again.bound) == (True, part.bound)
    assert again.requests.tolist() == part.requests.tolist()


def test_groups_that_grow_are_told_and_quiet_ones_are_not():
    labelled = [
        Utterance(text, intent="weather" if "weather" in text else "other")
        for text in sorted(set(requests(100, seed=9)))
    ]
    reference = sampled_of(requests(1500, seed=1))
    assert group_changes(labelled, reference, sampled_of(requests(1500, seed=2))) == []
    new = [f"send {n} bitcoin to place{n}" for n in range(100)]
    changed = group_changes(labelled, reference, sampled_of(requests(1400, seed=3) + new))
    assert changed
    for change in changed:
        assert "bitcoin" in change.name
        assert change.before == 0 < change.now
        assert change.p <= ALARM
    assert {example for change in changed for example in change.examples} <= set(new)
    few = sampled_of(requests(20, seed=4))
    assert group_changes(labelled, few, few) == []
