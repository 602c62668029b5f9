from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.maps.localization import (
    FURTHER,
    LOCALIZATION,
    foreground_mass,
    lesion_masses,
    mass,
    score_map,
)
from xaudit.metrics.maps.overlap import lesion_overlaps
from xaudit.metrics.maps.peaks import lesion_hits

OF_PEAKS = {"lesion_hit_rate", "hit_any", "hit_all", "hit_of_five"}
NAMES = (*LOCALIZATION, *FURTHER)
NO_PEAKS = tuple(name for name in NAMES if name not in OF_PEAKS)


def _case(seed, ties=False):
    rng = np.random.default_rng(seed)
    values = rng.integers(-2, 4, (24, 20)) if ties else rng.normal(size=(24, 20))
    lesions = np.zeros((2, 24, 20), bool)
    lesions[0, 4:8, 5:9] = True
    lesions[1, 15:17, 10:16] = True
    inside = np.ones((24, 20), bool)
    inside[:, :2] = False
    values[0, 5] = 3
    return values.astype(np.float32), lesions, inside


seeds = given(st.integers(0, 10**6), st.booleans())
few = settings(max_examples=40)


def _oracle(values, lesions, inside):
    evidence, member = [], []
    for y, x in np.argwhere(inside):
        evidence.append(max(float(values[y, x]), 0.0))
        member.append(bool(lesions[:, y, x].any()))
    e, m = np.array(evidence), np.array(member)
    orders = [np.lexsort((np.random.default_rng(i).random(len(e)), -e)) for i in range(400)]
    rank = np.mean([m[order[: m.sum()]].mean() for order in orders])
    mass = sum(v for v, k in zip(evidence, member, strict=True) if k) / sum(evidence)
    tops = [k for v, k in zip(evidence, member, strict=True) if v == max(evidence)]
    return {
        "mass": mass,
        "enrichment": mass / (sum(member) / len(member)),
        "rank_accuracy": rank,
        "auprc": average_precision_score(m, e),
        "hit": sum(tops) / len(tops),
        "pixel_auc": roc_auc_score(m, e),
        "chance_corrected_mass": (mass - m.mean()) / (1 - m.mean()),
    }


@pytest.mark.parametrize("ties", [False, True])
def test_scores_agree_with_the_obvious_version(ties):
    for seed in range(5):
        scores = score_map(*_case(seed, ties))
        for name, expected in _oracle(*_case(seed, ties)).items():
            tolerance = 0.02 if name == "rank_accuracy" else 1e-6
            assert scores[name] == pytest.approx(expected, abs=tolerance), name
        rank = scores["rank_accuracy"]
        assert scores["iou_at_area"] == pytest.approx(rank / (2 - rank))


def test_perfect_map_gives_one():
    _, lesions, inside = _case(0)
    scores = score_map(lesions.any(axis=0).astype(np.float32), lesions, inside)
    area = lesions.any(axis=0)[inside].mean()
    assert scores.pop("enrichment") == pytest.approx(1 / area)
    assert lesion_hits(lesions.any(axis=0).astype(np.float32), lesions, inside, radius=5) == (
        True,
        True,
    )
    # By the default radius of 16 the two lesions are one peak, as documented.
    assert scores.pop("lesion_hit_rate") == 0.5
    assert scores.pop("hit_all") == 0
    assert scores.pop("other_lesion_mass") == pytest.approx(12 / 28)
    assert scores == pytest.approx(dict.fromkeys(scores, 1.0))


def test_constant_map_gives_chance():
    _, lesions, inside = _case(0)
    scores = score_map(np.ones((24, 20), np.float32), lesions, inside)
    area = lesions.any(axis=0)[inside].mean()
    for name in ("mass", "rank_accuracy", "auprc", "hit"):
        assert scores[name] == pytest.approx(area), name
    assert scores["enrichment"] == pytest.approx(1)
    assert scores["pixel_auc"] == 0.5
    assert scores["chance_corrected_mass"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("fill", "reason"), [(0, "positive"), (-1, "positive"), (np.nan, "NaN"), (np.inf, "infinite")]
)
def test_degenerate_map_is_undefined_not_zero(fill, reason):
    _, lesions, inside = _case(0)
    values = np.full((24, 20), fill, np.float32)
    for score in score_map(values, lesions, inside).values():
        assert isinstance(score, Undefined)
        assert reason in score.reason
    assert lesion_hits(values, lesions, inside) == (False, False)
    assert lesion_masses(values, lesions, inside) == ()


def test_no_lesions_are_undefined_and_shapes_are_checked():
    values, lesions, inside = _case(0)
    for score in score_map(values, lesions[:0], inside).values():
        assert score == Undefined("no lesions")
    assert isinstance(score_map(values, lesions & ~inside, inside)["hit"], Undefined)
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        score_map(values[1:], lesions, inside)


@few
@seeds
def test_positive_scaling_changes_nothing(seed, ties):
    values, lesions, inside = _case(seed, ties)
    assert score_map(values * 4, lesions, inside) == pytest.approx(
        score_map(values, lesions, inside)
    )


@few
@seeds
def test_flips_commute(seed, ties):
    values, lesions, inside = _case(seed, ties)
    names = NO_PEAKS if ties else LOCALIZATION
    for axis in (0, 1):
        flipped = score_map(
            np.flip(values, axis), np.flip(lesions, axis + 1), np.flip(inside, axis)
        )
        for name in names:
            assert flipped[name] == pytest.approx(score_map(values, lesions, inside)[name])


@few
@seeds
def test_values_outside_the_image_are_ignored(seed, ties):
    values, lesions, inside = _case(seed, ties)
    loud = np.where(inside, values, np.float32(1e6))
    broken = np.where(inside, values, np.float32(np.nan))
    assert score_map(loud, lesions, inside) == score_map(values, lesions, inside)
    with np.errstate(invalid="ignore"):
        assert score_map(broken, lesions, inside) == score_map(values, lesions, inside)


@few
@given(st.integers(0, 10**6), st.booleans(), st.floats(0, 1), st.integers(0, 10**6))
def test_moving_evidence_inwards_never_lowers(seed, ties, share, place):
    values, lesions, inside = _case(seed, ties)
    names = ["mass", "enrichment", "chance_corrected_mass", "rank_accuracy", "pixel_auc",
             "iou_at_area", "hit"]  # fmt: skip
    if not ties:
        # With ties it may: see the metric.
        values, names = np.exp(values), [*names, "auprc"]
    outside = np.argwhere(inside & ~lesions.any(axis=0) & (values > 0))
    within = np.argwhere(inside & lesions.any(axis=0))
    start, end = tuple(outside[place % len(outside)]), tuple(within[place % len(within)])
    moved = values.astype(np.float64)
    part = share * moved[start]
    moved[start] -= part
    moved[end] = max(moved[end], 0) + part
    for name in names:
        before = METRICS[name](values.astype(np.float64), lesions, inside)
        assert METRICS[name](moved, lesions, inside) >= before - 1e-9, name


@few
@given(st.integers(0, 10**6))
def test_lesions_overlap_marks_alike_in_a_mirror(seed):
    # Without ties: which of two equal marks is the fifth depends on the reading order.
    values, lesions, inside = _case(seed, ties=False)
    for axis in (0, 1):
        mirrored = lesion_overlaps(
            np.flip(values, axis), np.flip(lesions, axis + 1), np.flip(inside, axis)
        )
        for one, other in zip(lesion_overlaps(values, lesions, inside), mirrored, strict=True):
            assert astuple(one) == pytest.approx(astuple(other))


def test_two_peaks_find_two_lesions_and_a_near_one_is_suppressed():
    values = np.zeros((64, 64), np.float32)
    lesions = np.zeros((2, 64, 64), bool)
    lesions[0, 10:14, 10:14] = lesions[1, 50:54, 50:54] = True
    inside = np.ones((64, 64), bool)
    values[12, 12], values[14, 14], values[51, 51] = 3, 2, 1
    assert lesion_hits(values, lesions, inside) == (True, True)
    assert lesion_hits(values, lesions, inside, radius=1) == (True, False)
    assert lesion_masses(values, lesions, inside) == pytest.approx((0.5, 1 / 6))
    smooth = ndimage.gaussian_filter(values, 2)
    assert lesion_hits(smooth, lesions, inside) == (True, True)


def test_evidence_on_other_lesions_needs_two_and_tells_one_from_both():
    _, lesions, inside = _case(0)
    both = lesions.any(axis=0).astype(np.float32)
    both[lesions[0]] /= lesions[0].sum()
    both[lesions[1]] /= lesions[1].sum()
    other = METRICS["other_lesion_mass"]
    assert other(both, lesions, inside) == pytest.approx(0.5, abs=1e-6)
    assert other(lesions[0].astype(np.float32), lesions, inside) == 0
    assert other(both, lesions[:1], inside) == Undefined("one lesion, two needed")
    outside = (~lesions.any(axis=0)).astype(np.float32)
    assert isinstance(other(outside, lesions, inside), Undefined)


def test_every_metric_asks_a_question():
    for name in NAMES:
        facts = METRICS[name].facts
        assert facts.question.endswith("?")
        assert facts.family == "localization"


def test_evidence_on_plain_air_does_not_count_for_the_body():
    values, lesions, inside = _case(0)
    body = lesions.any(axis=0) & inside
    assert foreground_mass(values, lesions, inside) == mass(values, lesions, inside)
    assert foreground_mass(np.abs(values) + 1, lesions, body) == pytest.approx(1)


def test_a_lesion_off_the_body_has_no_share_of_it():
    values, lesions, inside = _case(0)
    reason = foreground_mass(values, lesions, inside & ~lesions.any(axis=0)).reason
    assert reason == "no lesion on the foreground"
    assert foreground_mass(values, lesions[:0], inside).reason == "no lesions"
