"""Findings about masks: means, shares of lesions and images, against loops over planted masks."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_readings import POINT, material_of

from xaudit.audit.scores.probe_tables import MASKS
from xaudit.audit.scores.segmented import segmented_rows
from xaudit.audit.segmentation.segmentation import _masks
from xaudit.core.grid import Grid
from xaudit.testing import disc, planted_case

SHAPE = (40, 40)
FILMS = 60
FAR = disc(SHAPE, (34, 34), 3)


def paint(rng, lesions):
    """Shifted lesions, some of them missed, and now and then a blot elsewhere."""
    painted = np.zeros(SHAPE, dtype=bool)
    for lesion in lesions:
        if rng.random() < 0.8:
            painted |= np.roll(lesion, rng.integers(-2, 3, 2), (0, 1))
    return painted | FAR if rng.random() < 0.3 else painted


@pytest.fixture(scope="module")
def films():
    rng = np.random.default_rng(3)
    made = []
    for at in range(FILMS):
        lesions = [disc(SHAPE, (9, 9 + 14 * n), 4) for n in range(rng.integers(0, 3))]
        case = planted_case(lesions, SHAPE, seed=at)
        made.append((case, paint(rng, lesions)))
    return made


@pytest.fixture(scope="module")
def findings(films, tmp_path_factory):
    return found_of(films, tmp_path_factory.mktemp("masks"))


def found_of(films, folder):
    labels = [bool(len(case.lesions)) for case, _ in films]
    patients = [f"p{at // 2:03d}" for at in range(len(films))]
    made = material_of([], np.zeros(len(films)), patients, folder, labels=labels)
    rows = []
    for at, (case, mask) in enumerate(films):
        named = replace(case, case=replace(case.case, case_id=f"c{at:04d}"))
        rows += segmented_rows(named, mask, POINT.name)
    return {
        one.metric: one.estimate
        for one in _masks(replace(made, probed={MASKS: rows}))
        if one.scope["analysis"] == "scored"
    }


def test_dice_is_the_mean_over_films_with_a_lesion(findings, films):
    values = [
        2 * (mask & case.lesion_mask).sum() / (mask.sum() + case.lesion_mask.sum())
        for case, mask in films
        if len(case.lesions)
    ]
    assert findings["dice"].value == pytest.approx(np.mean(values))
    assert findings["dice"].n == len(values)


def test_lesions_are_found_one_by_one(findings, films):
    """Lesions lie apart from each other and from the blot, so that a shift alone decides."""
    found = lesions = 0
    for case, mask in films:
        for lesion in case.lesions:
            near = mask & ~FAR
            around = np.zeros(SHAPE, dtype=bool)
            rows, columns = lesion.nonzero()
            around[rows.min() - 3 : rows.max() + 4, columns.min() - 3 : columns.max() + 4] = True
            near &= around
            found += (near & lesion).sum() / (near | lesion).sum() >= 0.2
            lesions += 1
    share = findings["lesionwise_sensitivity"]
    assert (share.k, share.n) == (found, lesions)


def test_blots_and_empty_films_are_counted_apart(findings, films):
    blots = sum((mask & FAR).any() for _, mask in films)
    assert findings["false_components"].value == pytest.approx(blots / FILMS)
    missed = [not mask.any() for case, mask in films if len(case.lesions)]
    share = findings["nothing_segmented"]
    assert (share.k, share.n) == (sum(missed), len(missed))
    painted = [mask.any() for case, mask in films if not len(case.lesions)]
    share = findings["normal_segmented"]
    assert (share.k, share.n) == (sum(painted), len(painted))


def test_millimeters_need_a_spacing(findings, films, tmp_path):
    for name in ("hd95", "surface_dice"):
        assert findings[name].value is None
        assert "spacing is not known" in str(findings[name].undefined)
    assert findings["hd95_px"].value > 0
    spaced = [(replace(case, grid=Grid(SHAPE, (0.5, 0.5))), mask) for case, mask in films]
    known = found_of(spaced, tmp_path)
    assert known["hd95"].value == pytest.approx(known["hd95_px"].value / 2)
    assert 0 < known["surface_dice"].value <= 1


def test_without_any_lesion_nothing_can_overlap(films, tmp_path):
    normal = [(case, mask) for case, mask in films if not len(case.lesions)]
    found = found_of(normal, tmp_path)
    assert str(found["dice"].undefined) == "no scored image with an annotated lesion"
    assert str(found["nothing_segmented"].undefined) == "no scored image with an annotated lesion"
    assert found["normal_segmented"].n == len(normal)


def test_a_lost_fracture_is_a_missed_lesion_in_the_worst_case(films, tmp_path):
    labels = [bool(len(case.lesions)) for case, _ in films]
    patients = [f"p{at // 2:03d}" for at in range(len(films))]
    made = material_of([], np.zeros(len(films)), patients, tmp_path, labels=labels)
    lost = {at for at, label in enumerate(labels) if label} - set(range(10, FILMS))
    cases = [replace(row, logit=None) if at in lost else row
             for at, row in enumerate(made.results.cases)]  # fmt: skip
    rows = []
    for at, (case, mask) in enumerate(films):
        if at not in lost:
            named = replace(case, case=replace(case.case, case_id=f"c{at:04d}"))
            rows += segmented_rows(named, mask, POINT.name)
    made = replace(made, results=replace(made.results, cases=tuple(cases)), probed={MASKS: rows})
    shares = {
        one.scope["analysis"]: one.estimate
        for one in _masks(made)
        if one.metric == "lesionwise_sensitivity"
    }
    assert shares["worst_case"].k == shares["scored"].k
    assert shares["worst_case"].n == shares["scored"].n + len(lost) > shares["scored"].n
