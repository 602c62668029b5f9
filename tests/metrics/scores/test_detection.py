import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from stats_oracles import weighted_pairs

from xaudit.metrics.scores import froc
from xaudit.metrics.scores.detection import (
    Marks,
    afroc_auc,
    froc_area,
    froc_points,
    lroc_auc,
    sensitivities_at_false_marks,
    sensitivity_at_false_marks,
    wafroc_auc,
)
from xaudit.stats.resampling.bootstrap import weighted_bootstrap

RNG = np.random.default_rng
LOW = float("-inf")


def _marks(seed, levels=6, cases=30):
    rng = RNG(seed)
    lesion_cases = np.sort(rng.integers(0, cases // 2, 25))
    ratings = np.where(rng.random(25) < 0.7, rng.integers(2, levels + 2, 25), -np.inf)
    false_cases = rng.integers(0, cases, 20)
    return Marks(
        tuple(f"p{i // 2}" for i in range(cases)),
        lesion_cases,
        ratings,
        false_cases,
        rng.integers(0, levels, 20) * 1.0,
    )


def _by_case(marks):
    lesions = [[r for c, r in zip(marks.lesion_cases, marks.lesion_ratings, strict=True) if c == i]
               for i in range(len(marks))]  # fmt: skip
    false = [[r for c, r in zip(marks.false_cases, marks.false_ratings, strict=True) if c == i]
             for i in range(len(marks))]  # fmt: skip
    return lesions, false


@given(st.integers(0, 10**6), st.integers(2, 50))
@settings(max_examples=30, deadline=None)
def test_figures_of_merit_agree_with_their_double_sums(seed, levels):
    marks = _marks(seed, levels)
    lesions, false = _by_case(marks)
    normals = [max(f, default=LOW) for le, f in zip(lesions, false, strict=True) if not le]
    every = [r for le in lesions for r in le]
    shares = [1 / len(le) for le in lesions for _ in le]
    assert afroc_auc(marks).value == pytest.approx(weighted_pairs(every, [1] * 25, normals))
    assert wafroc_auc(marks).value == pytest.approx(weighted_pairs(every, shares, normals))
    won = []
    for le, f in zip(lesions, false, strict=True):
        if le:
            right = max(le) > max(f, default=LOW)
            won += [right * ((max(le) > x) + 0.5 * (max(le) == x)) for x in normals]
    assert lroc_auc(marks).value == pytest.approx(np.mean(won))


@given(st.integers(0, 10**6), st.integers(2, 50))
@settings(max_examples=30, deadline=None)
def test_froc_is_what_every_threshold_gives(seed, levels):
    marks = _marks(seed, levels)
    x, y = froc_points(marks)
    thresholds = sorted({*marks.lesion_ratings, *marks.false_ratings} - {LOW}, reverse=True)
    expected = [(0.0, 0.0)]
    for t in thresholds:
        alarms = sum(r >= t for r in marks.false_ratings) / len(marks)
        expected.append((alarms, sum(r >= t for r in marks.lesion_ratings) / 25))
    assert np.stack([x, y], axis=1) == pytest.approx(np.array(expected))
    for rate in (0.0, 0.1, 0.5, 5.0):
        best = max(hits for alarms, hits in expected if alarms <= rate + 1e-9)
        found = sensitivity_at_false_marks(marks, rate, RNG(0), draws=2)
        assert found.value == pytest.approx(best)
    grid = (np.arange(20000) + 0.5) / 20000 * 0.8
    heights = [y[x <= at][-1] for at in grid]
    assert froc_area(marks, 0.8, RNG(0), draws=2).value == pytest.approx(np.mean(heights), abs=1e-3)


def test_one_mark_in_the_right_place_of_each_case_is_roc():
    rng = RNG(1)
    labels = np.arange(60) < 30
    scores = rng.normal(size=60) + labels
    marks = Marks(
        tuple(map(str, range(60))), np.arange(30), scores[:30], np.arange(30, 60), scores[30:]
    )
    for figure in (afroc_auc, wafroc_auc, lroc_auc):
        found = figure(marks)
        assert found.value == pytest.approx(roc_auc_score(labels, scores))
        assert (found.n, found.clusters) == (60, 60)


def test_many_lesions_in_one_case_weigh_as_one_case():
    names = tuple(map(str, range(8)))
    cases = np.array([0, 1, 2, 3, 3, 3, 3, 3])
    ratings = np.array([5.0, 5, 5, LOW, LOW, LOW, LOW, LOW])
    marks = Marks(names, cases, ratings, np.arange(4, 8), np.ones(4))
    assert wafroc_auc(marks).value == pytest.approx(3 / 4)
    assert afroc_auc(marks).value == pytest.approx(3 / 8)


def test_a_wrong_place_never_wins():
    names = tuple(map(str, range(12)))
    wrong = Marks(names, np.arange(6), np.full(6, LOW), np.arange(6), np.full(6, 9.0))
    assert lroc_auc(wrong).value == 0.0
    assert afroc_auc(wrong).value == 0.5


def test_bootstrap_draws_patients_with_all_their_marks():
    marks = _marks(7, levels=50, cases=200)
    once = sensitivity_at_false_marks(marks, 0.05, RNG(0), draws=500)
    twice = Marks(
        marks.patients * 2,
        np.append(marks.lesion_cases, marks.lesion_cases + 200),
        np.tile(marks.lesion_ratings, 2),
        np.append(marks.false_cases, marks.false_cases + 200),
        np.tile(marks.false_ratings, 2),
    )
    copied = sensitivity_at_false_marks(twice, 0.05, RNG(0), draws=500)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert once.low < once.value < once.high


def test_what_has_no_value_says_so():
    nobody = Marks(("a", "b"), np.zeros(0), np.zeros(0), np.array([0]), np.array([1.0]))
    assert froc_area(nobody, 1.0, RNG(0)).undefined == "no lesions"
    assert afroc_auc(nobody).undefined == "no positives"
    with pytest.raises(ValueError, match="needs lesions"):
        froc_points(nobody)
    with pytest.raises(ValueError, match="positive"):
        froc_area(nobody, 0.0, RNG(0))
    with pytest.raises(ValueError, match="negative"):
        sensitivity_at_false_marks(nobody, -1.0, RNG(0))


@pytest.mark.parametrize(
    ("lesion", "false", "message"),
    [
        (([2], [1.0]), ([], []), "lesion: a case is not in 0 … 1"),
        (([0], []), ([], []), "lesion: 1 cases but 0 ratings"),
        (([], []), ([0], [np.nan]), "false: a rating is NaN"),
        (([], []), ([0], [LOW]), "for lesions without a mark"),
    ],
)
def test_wrong_marks_are_named(lesion, false, message):
    with pytest.raises(ValueError, match=message):
        Marks(("a", "b"), *map(np.array, lesion), *map(np.array, false))


@given(st.integers(0, 10**6), st.integers(1, 60), st.sampled_from([1, 2, 3, 128]))
@settings(max_examples=12, deadline=None)
def test_rates_together_are_what_each_draw_of_patients_gives(seed, levels, block):
    marks, rates = _marks(seed, levels), (0.0, 0.2, 0.5, 3.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(froc, "_BLOCK", block)
        found = sensitivities_at_false_marks(marks, rates, RNG(seed), 40)
    names = np.array(marks.patients)

    def slow(rate):
        def statistic(weights):
            if not weights[marks.lesion_cases].any():
                return None
            copies = np.repeat(np.arange(len(marks)), weights.astype(int))
            x, y = froc_points(_of(marks, copies))
            return y[x <= rate + 1e-12][-1]

        return weighted_bootstrap(statistic, names, RNG(seed), 40)

    for rate, one in zip(rates, found, strict=True):
        expected = slow(rate)
        assert one.value == pytest.approx(expected.value)
        assert (one.low, one.high) == pytest.approx((expected.low, expected.high))
        assert one == sensitivity_at_false_marks(marks, rate, RNG(seed), 40)


def _of(marks, cases):
    """The marks of these cases, repeats allowed."""
    columns = []
    for kind in ("lesion", "false"):
        owners = getattr(marks, f"{kind}_cases")
        own = [np.flatnonzero(owners == case) for case in cases]
        columns.append(np.repeat(np.arange(len(cases)), [len(one) for one in own]))
        columns.append(getattr(marks, f"{kind}_ratings")[np.concatenate(own)])
    return Marks(tuple(map(str, cases)), *columns)


def test_a_detector_without_marks_finds_nothing_at_any_rate():
    marks = Marks(tuple("abcd"), [0, 1, 2, 3], [LOW] * 4, [], [])
    for one in sensitivities_at_false_marks(marks, (0.0, 1.0), RNG(0), 50):
        assert one.value == 0
    with pytest.raises(ValueError, match="not negative"):
        sensitivities_at_false_marks(marks, (1.0, -1.0), RNG(0), 50)
