from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from xaudit.core.metric import Undefined
from xaudit.metrics.maps.overlap import CUTOFFS, lesion_overlaps, meets
from xaudit.metrics.maps.thresholded import otsu_threshold


def _oracle(values, lesion, inside):
    """Marks by flood fill in plain Python."""
    positive = {(y, x): max(float(values[y, x]), 0.0) for y, x in np.argwhere(inside)}
    threshold = otsu_threshold(np.array(list(positive.values())))
    strong = {place for place, value in positive.items() if value > threshold}
    marks = []
    while strong:
        part, todo = set(), [strong.pop()]
        while todo:
            y, x = todo.pop()
            part.add((y, x))
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & strong
            strong -= near
            todo += near
        marks.append(part)
    marks.sort(key=lambda part: -sum(positive[place] for place in part))
    target = {(y, x) for y, x in np.argwhere(lesion & inside)}
    center = np.mean(list(target), axis=0)
    centers = [np.mean(list(part), axis=0) for part in marks[:5]]
    return (
        max(len(part & target) / len(part | target) for part in marks[:5]),
        max(len(part & target) / len(part) for part in marks[:5]),
        min(np.hypot(*(one - center)) for one in centers),
        float(any(tuple(np.rint(one).astype(int)) in target for one in centers)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_best_marks_are_those_of_the_plain_version(seed):
    rng = np.random.default_rng(seed)
    values = ndimage.gaussian_filter(rng.normal(size=(40, 36)), 2.5).astype(np.float32)
    lesions = np.zeros((2, 40, 36), bool)
    lesions[0, 5:15, 6:14] = lesions[1, 25:31, 20:33] = True
    inside = np.ones((40, 36), bool)
    inside[:, 34:] = False
    for found, lesion in zip(lesion_overlaps(values, lesions, inside), lesions, strict=True):
        best = (found.iou, found.intersection_over_mark, found.centroid_distance,
                found.centroid_in_lesion)  # fmt: skip
        assert best == pytest.approx(_oracle(values, lesion, inside))


def test_perfect_map_meets_every_criterion_at_every_cutoff():
    lesions = np.zeros((1, 32, 32), bool)
    lesions[0, 8:15, 9:16] = True
    inside = np.ones((32, 32), bool)
    (found,) = lesion_overlaps(lesions[0].astype(np.float32), lesions, inside)
    for criterion, cutoffs in CUTOFFS.items():
        assert all(meets(criterion, getattr(found, criterion), one) for one in cutoffs)
    (missed,) = lesion_overlaps(np.roll(lesions[0], 16, 1).astype(np.float32), lesions, inside)
    assert not any(meets("iou", missed.iou, one) for one in CUTOFFS["iou"])


def test_cutoffs_run_from_lenient_to_strict():
    for criterion, cutoffs in CUTOFFS.items():
        for lenient, strict in pairwise(cutoffs):
            assert meets(criterion, strict, lenient)


def test_lesion_outside_the_image_and_unreadable_maps_have_no_overlap():
    lesions = np.zeros((2, 32, 32), bool)
    lesions[0, 8:15, 9:16] = lesions[1, :, 30:] = True
    inside = np.ones((32, 32), bool)
    inside[:, 29:] = False
    values = lesions[0].astype(np.float32)
    first, second = lesion_overlaps(values, lesions, inside)
    assert first is not None
    assert second is None
    assert isinstance(lesion_overlaps(-values, lesions, inside), Undefined)


def test_centroid_between_pixels_lies_in_all_that_it_touches():
    inside = np.ones((32, 32), bool)
    values = np.zeros((32, 32), np.float32)
    values[10:12, 10:14] = 1
    for rows in (slice(10, 11), slice(11, 12)):
        lesions = np.zeros((1, 32, 32), bool)
        lesions[0, rows, 8:16] = True
        for flip in (1, -1):
            (found,) = lesion_overlaps(values[::flip], lesions[:, ::flip], inside)
            assert found.centroid_in_lesion == 1


def test_padding_is_never_part_of_a_mark():
    lesions = np.zeros((1, 32, 32), bool)
    lesions[0, 8:15, 9:16] = True
    inside = np.zeros((32, 32), bool)
    inside[:, 4:28] = True
    # Of one value everywhere Otsu's threshold lies below 0, where padding stands.
    (found,) = lesion_overlaps(np.full((32, 32), 0.1, np.float32), lesions, inside)
    assert found.iou == pytest.approx(49 / inside.sum())


def test_a_mark_belongs_to_one_view():
    """Beside the border of two views: as if they lay far apart."""
    values = np.zeros((40, 20), dtype=np.float32)
    values[15:24, 5:9] = 1
    lesions = np.zeros((2, 40, 20), dtype=bool)
    lesions[0, 17:20, 5:9] = lesions[1, 30:33, 5:9] = True
    inside = np.ones((40, 20), dtype=bool)
    apart = [np.insert(one, [20] * 100, 0, axis=-2) for one in (values, lesions, inside)]
    found = lesion_overlaps(values, lesions, inside, 2)
    assert found == lesion_overlaps(*apart)
    assert found != lesion_overlaps(values, lesions, inside)
    values[20:] = 0
    first, second = lesion_overlaps(values, lesions, inside, 2)
    assert (first.centroid_distance, second.centroid_distance) == (1.0, None)
