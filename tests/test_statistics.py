"""The statistics of studies against brute force, slow twins with the same draws, scipy, and cases known by hand."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from canvass.errors import InputError, OptionError
from canvass.statistics import (
    Interval,
    Saving,
    annotations_saved,
    area_under_curve,
    bootstrap_interval,
    cohens_kappa,
    comparison,
    holm,
    mean_and_band,
    relative,
    seed_randomisation,
    utterance_randomisation,
    wilson_interval,
)
from canvass.statistics.intervals import t_quantile


def rng(seed=0):
    return np.random.default_rng(seed)


def approximately(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@st.composite
def studies(draw, most_seeds=6, most_utterances=12, most_errors=4):
    """Errors of two strategies, (S, N) each, and the reference, (N,); many utterances without any error."""
    seeds, utterances = draw(st.integers(1, most_seeds)), draw(st.integers(1, most_utterances))
    cells = st.lists(
        st.one_of(st.just(0), st.integers(0, most_errors)),
        min_size=seeds * utterances,
        max_size=seeds * utterances,
    )
    a, b = (np.array(draw(cells)).reshape(seeds, utterances) for _ in range(2))
    reference = draw(st.lists(st.integers(1, 5), min_size=utterances, max_size=utterances))
    return a, b, np.array(reference)


def noisy_study(generator, *, seeds=10, utterances=300, gain=0.1, seed_spread=0.15):
    """Two strategies whose errors have effects of the seed and of the utterance: true difference -gain."""
    hardness = generator.gamma(0.3, 1.0, size=utterances)
    a, b = (
        generator.poisson(
            level * np.outer(generator.lognormal(-(seed_spread**2) / 2, seed_spread, seeds), hardness)
        )
        for level in (0.5 * (1 - gain), 0.5)
    )
    return a, b


# Rates and their relative difference


@given(studies())
def test_relative_is_the_ratio_of_means_whatever_the_reference(study):
    a, b, reference = study
    assume(b.any())
    mean_a, mean_b = ((errors.sum(axis=1) / max(1, reference.sum())).mean() for errors in (a, b))
    assert relative(a, b) == approximately((mean_a - mean_b) / mean_b)


@given(studies())
def test_swapped_roles_turn_the_sign(study):
    a, b, _ = study
    assert relative(a, a) == 0.0
    forth, back = relative(a, b), relative(b, a)
    assert np.sign(forth) == -np.sign(back)
    if math.isfinite(forth) and math.isfinite(back):
        assert back == approximately(-forth / (1 + forth))


def test_a_baseline_without_errors():
    none, some = np.zeros((2, 3), dtype=int), np.ones((2, 3), dtype=int)
    assert relative(none, none) == 0.0
    assert relative(some, none) == math.inf
    assert relative(none, some) == -1.0


# Bootstrap


def slow_bootstrap(a, b, reference, generator, *, resamples, level):
    """One resample at a time, one utterance at a time, from rates; the same draws as the fast one."""
    seeds, utterances = a.shape
    with_errors = [n for n in range(utterances) if a[:, n].any() or b[:, n].any()]
    without = [n for n in range(utterances) if n not in with_errors]
    drawn_seeds = generator.integers(seeds, size=(resamples, seeds))
    hits = generator.binomial(utterances, len(with_errors) / utterances, size=resamples)
    values = []
    for resample in range(resamples):
        chosen = [with_errors[generator.integers(len(with_errors))] for _ in range(hits[resample])]
        # Which of the utterances without errors are drawn changes the reference only, and that cancels.
        chosen += [without[i % len(without)] for i in range(utterances - hits[resample])]
        slots = sum(reference[n] for n in chosen)
        rate_a, rate_b = (
            sum(sum(errors[s, n] for n in chosen) / slots for s in drawn_seeds[resample]) / seeds
            for errors in (a, b)
        )
        difference = 0.0 if math.isclose(rate_a, rate_b) else rate_a - rate_b
        values.append(0.0 if difference == 0 else difference / rate_b if rate_b else math.inf)
    rank = math.floor(round((resamples + 1) * (1 - level) / 2, 6))
    ordered = sorted(values)
    return ordered[rank - 1], ordered[-rank]


@given(studies(), st.integers(0, 100), st.sampled_from([(19, 0.9), (45, 0.8)]))
def test_bootstrap_equals_its_slow_twin(study, seed, setting):
    a, b, reference = study
    resamples, level = setting
    found = bootstrap_interval(a, b, rng(seed), resamples=resamples, level=level)
    expected = slow_bootstrap(a, b, reference, rng(seed), resamples=resamples, level=level)
    assert tuple(found) == approximately(expected)


@given(studies(), st.integers(0, 100))
def test_swapped_roles_turn_the_interval(study, seed):
    a, b, _ = study
    low, high = bootstrap_interval(a, b, rng(seed), resamples=99)
    assert low <= high
    assume(low > -1 and high < math.inf)
    back = bootstrap_interval(b, a, rng(seed), resamples=99)
    assert tuple(back) == approximately((-high / (1 + high), -low / (1 + low)))


@given(studies(), st.integers(0, 100))
def test_identical_strategies_have_an_interval_of_zero(study, seed):
    a, b, _ = study
    assert bootstrap_interval(a, a, rng(seed), resamples=99) == Interval(0.0, 0.0)
    # The same runs under other seeds: a difference, but none on the whole.
    both, exchanged = np.concatenate([a, b]), np.concatenate([b, a])
    low, high = bootstrap_interval(both, exchanged, rng(seed), resamples=999)
    assert low <= 0.0 <= high


def test_blocks_do_not_change_a_bit(monkeypatch):
    a, b = noisy_study(rng(3))
    whole = bootstrap_interval(a, b, rng(4), resamples=500)
    for cells in (1, 777, 10_001):
        monkeypatch.setattr(comparison, "CELLS", cells)
        assert bootstrap_interval(a, b, rng(4), resamples=500) == whole


def test_drawing_only_utterances_with_errors_is_the_same_distribution():
    """Against the plain bootstrap, which draws every utterance: two samples of totals, Kolmogorov-Smirnov."""
    a, b = noisy_study(rng(5), seeds=4, utterances=60)
    totals = comparison._resampled_totals(a, b, rng(6), 4000)
    plain_rng, plain = rng(7), np.empty((4000, 2))
    for row in plain:
        seeds, utterances = plain_rng.integers(4, size=4), plain_rng.integers(60, size=60)
        row[:] = [errors[np.ix_(seeds, utterances)].sum() for errors in (a, b)]
    assert (a.any(axis=0) | b.any(axis=0)).mean() < 0.8
    for fast, slow in ((totals[:, 0], plain[:, 0]), (totals @ [1, -1], plain @ [1, -1])):
        assert scipy.stats.ks_2samp(fast, slow).pvalue > 0.01


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says():
    """200 studies with a true difference of -10 %; drawing only seeds, or only utterances, covers under 90 %."""
    generator = rng(8)
    covered = 0
    for _ in range(200):
        low, high = bootstrap_interval(*noisy_study(generator), generator, resamples=399)
        covered += low <= -0.1 <= high
    assert covered / 200 >= 0.94


def test_one_seed_and_one_utterance():
    one = np.array([[3]])
    assert bootstrap_interval(one, 2 * one, rng(), resamples=99) == Interval(-0.5, -0.5)
    assert bootstrap_interval(one, 0 * one, rng(), resamples=99) == Interval(math.inf, math.inf)


# Randomisation tests


def exact_by_flips(differences):
    """All sign flips, one after the other."""
    observed = abs(sum(differences))
    flips = list(itertools.product([1, -1], repeat=len(differences)))
    far = [abs(sum(sign * d for sign, d in zip(signs, differences, strict=True))) for signs in flips]
    return sum(one >= observed for one in far) / len(flips)


def exact_by_counting(differences):
    """The same by dynamic programming over the possible sums (Pagano, Tritchler 1983), for many differences."""
    chances = {0: 1.0}
    for difference in differences:
        after = dict.fromkeys([total + s * difference for total in chances for s in (1, -1)], 0.0)
        for total, chance in chances.items():
            after[total + difference] += chance / 2
            after[total - difference] += chance / 2
        chances = after
    return sum(chance for total, chance in chances.items() if abs(total) >= abs(sum(differences)))


@given(studies(most_seeds=8))
def test_seed_test_equals_brute_force(study):
    a, b, _ = study
    found = seed_randomisation(a, b, rng())
    assert found == exact_by_flips((a - b).sum(axis=1).tolist())
    assert found >= 2.0 ** (1 - len(a))
    assert seed_randomisation(b, a, rng()) == found
    assert seed_randomisation(a, a, rng()) == 1.0


def test_seed_test_equals_scipy():
    a, b = noisy_study(rng(1), seeds=8)
    expected = scipy.stats.permutation_test(
        (a.sum(axis=1), b.sum(axis=1)),
        lambda x, y: (x - y).sum(),
        permutation_type="samples",
        vectorized=False,
    )
    assert seed_randomisation(a, b, rng()) == approximately(expected.pvalue)


def test_seed_test_reaches_its_smallest_value_and_draws_nothing():
    better = np.ones((20, 3), dtype=int)
    generator = rng()
    assert seed_randomisation(better, 2 * better, generator) == 2.0**-19
    assert generator.random() == rng().random()


def test_beyond_twenty_seeds_exchanges_are_drawn():
    differences = rng(2).integers(-6, 12, size=24)
    a, b = np.maximum(differences, 0)[:, np.newaxis], np.maximum(-differences, 0)[:, np.newaxis]
    found = seed_randomisation(a, b, rng(3), draws=20_000)
    assert found >= 1 / 20_001
    exact = exact_by_counting(differences.tolist())
    assert 0.001 < exact < 0.5
    assert abs(found - exact) < 4 * math.sqrt(exact * (1 - exact) / 20_000)


@given(studies(most_seeds=3), st.integers(0, 100))
def test_utterance_test_properties(study, seed):
    a, b, _ = study
    found = utterance_randomisation(a, b, rng(seed), draws=99)
    assert 0.01 <= found <= 1.0
    assert utterance_randomisation(b, a, rng(seed), draws=99) == found
    order = rng(seed).permutation(a.shape[1])
    assert utterance_randomisation(a[:, order], b[:, order], rng(seed), draws=99) == found
    assert utterance_randomisation(a, a, rng(seed), draws=99) == 1.0


@given(studies(most_seeds=3, most_utterances=10), st.integers(0, 100))
def test_utterance_test_equals_brute_force(study, seed):
    a, b, _ = study
    differences = (a - b).sum(axis=0).tolist()
    exact = exact_by_flips(differences)
    assert exact_by_counting(differences) == approximately(exact)
    found = utterance_randomisation(a, b, rng(seed), draws=4000)
    assert abs(found - exact) < 5 * math.sqrt(exact * (1 - exact) / 4000) + 4 / 4000


def test_a_drawn_p_value_is_never_zero():
    better = np.ones((2, 200), dtype=int)
    assert utterance_randomisation(better, 2 * better, rng(), draws=99) == 0.01


def test_utterance_test_equals_exact_counting_of_a_whole_test_set():
    a, b = noisy_study(rng(11), seeds=5, utterances=200, gain=0.08)
    exact = exact_by_counting((a - b).sum(axis=0).tolist())
    assert 0.001 < exact < 0.5
    found = utterance_randomisation(a, b, rng(12), draws=20_000)
    assert abs(found - exact) < 4 * math.sqrt(exact * (1 - exact) / 20_000)


def test_no_difference_is_called_significant_as_rarely_as_promised():
    generator = rng(13)
    p_values = [
        seed_randomisation(*noisy_study(generator, gain=0.0, utterances=40), generator) for _ in range(1000)
    ]
    for alpha in (0.01, 0.05, 0.2):
        assert np.mean(np.array(p_values) <= alpha) <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / 1000)


# Holm

p_lists = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), max_size=7)


def holm_by_closure(p_values):
    """Reject i if Bonferroni rejects every set of hypotheses with i in it (Marcus, Peritz, Gabriel 1976)."""
    places = range(len(p_values))
    sets = [chosen for size in places for chosen in itertools.combinations(places, size + 1)]
    worst = [min(1.0, len(chosen) * min(p_values[j] for j in chosen)) for chosen in sets]
    return [max(p for p, chosen in zip(worst, sets, strict=True) if i in chosen) for i in places]


@given(p_lists)
def test_holm_equals_closed_testing(p_values):
    assert holm(p_values).tolist() == approximately(holm_by_closure(p_values))


@given(p_lists, st.randoms(use_true_random=False))
def test_holm_properties(p_values, random):
    adjusted = holm(p_values)
    assert adjusted.dtype == np.float64
    assert (adjusted >= p_values).all()
    assert (adjusted <= 1.0).all()
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert holm([p_values[i] for i in order]).tolist() == [adjusted[i] for i in order]
    ranked = sorted(zip(p_values, adjusted.tolist(), strict=True))
    assert [after for _, after in ranked] == sorted(adjusted.tolist())


def test_holm_known_case():
    assert holm([0.01, 0.02, 0.03, 0.04, 0.5]).tolist() == approximately([0.05, 0.08, 0.09, 0.09, 0.5])
    assert holm([]).tolist() == []


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1, math.inf])
def test_holm_refuses_what_is_missing(bad):
    with pytest.raises(InputError, match="p-value 1 of 3"):
        holm([0.1, bad, 0.2])
    with pytest.raises(InputError, match="shape"):
        holm(np.array([[0.1]]))


# Curves

rates_of_a_curve = st.floats(0, 2).map(lambda value: round(value, 3))


@st.composite
def curves(draw, most=6):
    x = draw(st.lists(st.integers(0, 500), min_size=2, max_size=most, unique=True).map(sorted))
    return x, draw(st.lists(rates_of_a_curve, min_size=len(x), max_size=len(x)))


@given(curves())
def test_area_equals_its_twins(curve):
    x, y = curve
    total = sum((x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2 for i in range(len(x) - 1))
    area = area_under_curve(x, y)
    assert area == approximately(total / (x[-1] - x[0]))
    assert area == approximately(scipy.integrate.trapezoid(y, x) / (x[-1] - x[0]))
    assert min(y) - 1e-12 <= area <= max(y) + 1e-12
    assert area_under_curve([3 * one + 7 for one in x], y) == approximately(area)
    middle = (x[0] + x[1]) / 2
    assert area_under_curve([x[0], middle, *x[1:]], [y[0], (y[0] + y[1]) / 2, *y[1:]]) == approximately(area)


def needed_by_search(x, y, error):
    """Walk along the running minimum in small steps, in plain Python."""
    lowest = list(itertools.accumulate(y, min))
    for i in range(len(x)):
        if lowest[i] <= error:
            if i == 0:
                return x[0]
            for step in range(2001):
                share = step / 2000
                if lowest[i - 1] + share * (lowest[i] - lowest[i - 1]) <= error + 1e-12:
                    return x[i - 1] + share * (x[i] - x[i - 1])
    return None


@given(curves(), curves())
def test_saving_equals_a_search_along_the_curves(curve, baseline):
    assume(max(curve[0][0], baseline[0][0]) <= min(curve[0][-1], baseline[0][-1]))
    budget = min(curve[0][-1], baseline[0][-1])
    found = annotations_saved(*curve, *baseline)
    for value, (x, y) in ((found.saved, baseline), (found.baseline_more, curve)):
        final = np.interp(budget, x, list(itertools.accumulate(y, min)))
        ours, theirs = (needed_by_search(*one, final) for one in (curve, baseline))
        if value is None:
            assert min((curve if x is baseline[0] else baseline)[1]) > final
        else:
            assert value == pytest.approx(theirs - ours, abs=1)


@given(curves(), curves())
def test_saving_properties(curve, baseline):
    assert annotations_saved(*curve, *curve) == Saving(0.0, 0.0)
    assume(max(curve[0][0], baseline[0][0]) <= min(curve[0][-1], baseline[0][-1]))
    forth, back = annotations_saved(*curve, *baseline), annotations_saved(*baseline, *curve)
    assert back == Saving(*(None if one is None else -one for one in reversed(forth)))
    # A baseline that is run on changes nothing in `saved`.
    if curve[0][-1] == baseline[0][-1]:
        longer = [*baseline[0], baseline[0][-1] + 100], [*baseline[1], 0.0]
        further = annotations_saved(*curve, *longer)
        assert further.saved == forth.saved
        assert further.baseline_more is not None


def test_saving_known_cases():
    x = [100, 200, 300, 400]
    steep, shallow = [0.5, 0.2, 0.1, 0.05], [0.5, 0.4, 0.3, 0.2]
    assert annotations_saved(x, steep, x, shallow) == Saving(200.0, None)
    assert annotations_saved(x, shallow, x, steep) == Saving(None, -200.0)
    further = [100, 400, 700], [0.5, 0.2, 0.02]  # run on: 0.05 at 650
    assert annotations_saved(x, steep, *further) == Saving(
        approximately(200.0), pytest.approx(250.0, abs=1e-9)
    )
    # A bad round is passed over by the running minimum; a plateau counts from its first point.
    assert annotations_saved(x, [0.5, 0.2, 0.4, 0.2], x, [0.5, 0.5, 0.2, 0.3]) == Saving(100.0, 100.0)
    # Here the baseline's error at the budget, interpolated, is rounded to below its last one.
    rounded = annotations_saved([0, 50.464994703626814], [0.8, 0.188], [0, 50.46499470362682], [0.714, 0.188])
    assert rounded == Saving(*[pytest.approx(0.0, abs=1e-9)] * 2)
    # A baseline that never improves is reached before anything is annotated.
    assert annotations_saved(x, steep, x, [0.5, 0.6, 0.7, 0.8]) == Saving(0.0, None)


@given(st.integers(1, 9), st.integers(0, 4), st.sampled_from([0.5, 0.9, 0.95]), st.integers(0, 99))
def test_band_equals_scipy(seeds, rounds, level, seed):
    values = rng(seed).random((seeds, rounds))
    mean, low, high = mean_and_band(values, level=level)
    assert mean.tolist() == approximately(
        [sum(column) / seeds for column in zip(*values.tolist(), strict=True)]
    )
    if seeds == 1:
        assert np.isnan(low).all()
        assert np.isnan(high).all()
        return
    # Half-widths, not ends: an end near zero is a difference that keeps few digits of the quantile.
    half = scipy.stats.t.interval(level, seeds - 1, scale=scipy.stats.sem(values, axis=0))[1]
    assert (mean - low).tolist() == approximately(half.tolist())
    assert (high - mean).tolist() == approximately(half.tolist())


@given(st.integers(1, 200), st.floats(1e-4, 0.9999))
@example(1, 0.9999)
@example(2, 0.95)
def test_t_quantile_equals_scipy(freedom, level):
    found = t_quantile(level, freedom)
    within = scipy.special.betainc(0.5, freedom / 2, found**2 / (freedom + found**2))
    assert within == pytest.approx(level, rel=1e-9)
    if level >= 0.5:  # close to its median, scipy's own quantile is right to 8 digits only
        assert found == pytest.approx(scipy.stats.t.ppf((1 + level) / 2, freedom), rel=1e-9)


# Proportions and agreement


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
@example(0, 1, 0.95)
def test_wilson_equals_scipy(successes, failures, level):
    n = successes + failures
    low, high = wilson_interval(successes, n, level=level)
    assert 0.0 <= low <= high <= 1.0
    if n == 0:
        assert (low, high) == (0.0, 1.0)
        return
    assert low <= successes / n <= high
    expected = scipy.stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert (low, high) == approximately((expected.low, expected.high))
    back = wilson_interval(failures, n, level=level)
    assert tuple(back) == approximately((1 - high, 1 - low))


def test_wilson_ends_are_exact():
    for n in range(1, 40):
        assert wilson_interval(0, n).low == 0.0
        assert wilson_interval(n, n).high == 1.0


labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=12)


@given(labels)
def test_kappa_equals_scikit_learn(pairs):
    a, b = zip(*pairs, strict=True)
    found = cohens_kappa(a, b)
    if len(set(a + b)) == 1:
        assert found is None
        return
    assert found == approximately(cohen_kappa_score(a, b))
    assert found <= 1.0
    assert cohens_kappa(b, a) == found
    assert cohens_kappa(np.array(a), np.array(b)) == found
    assert cohens_kappa(a, a) in {1.0, None}


def test_kappa_known_cases():
    # Cohen's measure for a table of 20, 5, 10, 15: observed 0.7, expected 0.5.
    a = ["yes"] * 25 + ["no"] * 25
    b = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohens_kappa(a, b) == approximately(0.4)
    assert cohens_kappa([], []) is None
    assert cohens_kappa(["yes"] * 4, ["no"] * 4) == 0.0
    assert cohens_kappa([1, 2], [2, 1]) == -1.0


# What is refused

GOOD = np.ones((2, 3), dtype=int)
COMPARISONS = [
    relative,
    lambda a, b: bootstrap_interval(a, b, rng()),
    lambda a, b: seed_randomisation(a, b, rng()),
    lambda a, b: utterance_randomisation(a, b, rng()),
]


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones((2, 2), dtype=int), "the same for both"),
        (np.ones(3, dtype=int), "the same for both"),
        (np.ones((2, 3)), "dtype float64"),
        (-GOOD, "negative count, -1"),
    ],
)
def test_comparisons_refuse_what_is_not_paired(compare, bad, message):
    with pytest.raises(InputError, match=message):
        compare(GOOD, bad)
    with pytest.raises(InputError, match=message):
        compare(bad, GOOD)
    with pytest.raises(InputError, match="the same for both"):
        compare(GOOD[:0], GOOD[:0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: bootstrap_interval(GOOD, GOOD, rng(), resamples=38), OptionError, "too few"),
        (lambda: bootstrap_interval(GOOD, GOOD, rng(), level=1.0), OptionError, "level of 1.0"),
        (lambda: seed_randomisation(GOOD, GOOD, rng(), draws=0), OptionError, "0 draws"),
        (lambda: utterance_randomisation(GOOD, GOOD, rng(), draws=0), OptionError, "0 draws"),
        (lambda: area_under_curve([1], [0.5]), InputError, "one point"),
        (lambda: area_under_curve([1, 1], [0.5, 0.4]), InputError, "do not increase"),
        (lambda: area_under_curve([1, 2], [0.5]), InputError, "one of each per round"),
        (lambda: area_under_curve([1, 2], [0.5, math.nan]), InputError, "missing or infinite"),
        (lambda: annotations_saved([1, 2], [1, 0], [3, 4], [1, 0]), InputError, "ends at 2"),
        (lambda: annotations_saved([], [], [3, 4], [1, 0]), InputError, "per round"),
        (lambda: mean_and_band(np.ones(3)), InputError, "one row a seed"),
        (lambda: mean_and_band(np.ones((0, 3))), InputError, "at least one"),
        (lambda: mean_and_band(np.array([[1.0], [math.nan]])), InputError, "missing or infinite"),
        (lambda: mean_and_band(np.ones((2, 3)), level=95), OptionError, "level of 95"),
        (lambda: wilson_interval(3, 2), InputError, "3 successes of 2"),
        (lambda: wilson_interval(-1, 2), InputError, "-1 successes"),
        (lambda: wilson_interval(1, 2, level=0.0), OptionError, "level of 0.0"),
        (lambda: cohens_kappa(["a"], ["a", "b"]), InputError, "1 and 2 labels"),
    ],
)
def test_bad_input_gets_a_sentence(call, error, message):
    with pytest.raises(error, match=message):
        call()
