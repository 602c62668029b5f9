import numpy as np
import pytest
from coco_boxes import evaluated, some_films
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes import pairs
from xaudit.metrics.boxes.average_precision import precision_values
from xaudit.metrics.boxes.matching import FALSE, HIT, IGNORED, MOST, Truths, matched

RNG = np.random.default_rng


def _boxes(*corners, ratings=None, classes=None):
    count = len(corners)
    ratings = np.zeros(count) if ratings is None else ratings
    return Boxes(corners or np.empty((0, 4)), ratings, classes or np.zeros(count, int))


def _outcome(drawn, truth, size=0, at=0):
    return list(matched([drawn], [truth], ["p"]).outcomes[:, size, at])


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_every_box_has_the_outcome_that_pycocotools_gives_it(seed):
    drawn, truths = some_films(RNG(seed), 4, 1)
    matches = matched(drawn, truths, list("abcd"))
    evaluation = evaluated(drawn, truths)
    for size in range(4):
        images = evaluation.evalImgs[size * 4 : size * 4 + 4]
        for image, one in enumerate(images):
            ours = matches.outcomes[matches.images == image, size].T
            if one is None:
                assert ours.size == 0
                continue
            hit = np.where(one["dtIgnore"], IGNORED, np.where(one["dtMatches"] > 0, HIT, FALSE))
            assert np.array_equal(ours, hit)
            found = matches.counted[matches.truth_images == image, size]
            assert sorted(found) == sorted(one["gtIgnore"] == 0)


def test_a_second_box_is_false_and_one_on_a_crowd_is_ignored_however_many():
    lesion = (0, 0, 10, 10)
    twice = _boxes(lesion, lesion, (50, 50, 60, 60), ratings=[1, 2, 0])
    assert _outcome(twice, Truths.of(_boxes(lesion))) == [HIT, FALSE, FALSE]
    crowd = Truths(_boxes((0, 0, 100, 100)), np.array([1e4]), np.array([True]))
    assert _outcome(twice, crowd) == [IGNORED] * 3


def test_of_equal_overlaps_the_later_is_taken_and_what_is_to_be_found_goes_first():
    drawn = _boxes((0, 0, 10, 10), (0, 0, 10, 10), ratings=[2, 1])
    side = _boxes((0, 0, 10, 8), (0, 2, 10, 10))
    assert _outcome(drawn, Truths.of(side)) == [HIT, HIT]
    # The first takes the lower side, so that the second, which fits it, is left with the upper.
    fits_lower = _boxes((0, 0, 10, 10), (0, 2, 10, 10), ratings=[2, 1])
    assert _outcome(fits_lower, Truths.of(side), at=5) == [HIT, FALSE]
    evaluation = evaluated([fits_lower], [Truths.of(side)])
    assert (evaluation.evalImgs[0]["dtMatches"][5] > 0).tolist() == [True, False]
    crowd_fits = Truths(
        _boxes((0, 0, 10, 10), (0, 0, 10, 6)), np.full(2, 60.0), np.array([1, 0]) > 0
    )
    assert _outcome(drawn, crowd_fits) == [HIT, IGNORED]


def test_area_decides_the_size_and_what_is_annotated_need_not_fill_its_box():
    box = _boxes((0, 0, 40, 40))
    thin = Truths(box, np.array([500.0]), np.array([False]))
    assert [_outcome(box, thin, size) for size in range(4)] == [[HIT], [HIT], [IGNORED], [IGNORED]]
    assert list(matched([box], [thin], "p").counted[0]) == [True, True, False, False]
    edge = Truths(box, np.array([32.0**2]), np.array([False]))
    assert list(matched([box], [edge], "p").counted[0]) == [True, True, True, False]


def test_other_classes_and_boxes_beyond_a_hundred_do_not_count():
    lesion = Truths.of(_boxes((0, 0, 10, 10), classes=[1]))
    assert _outcome(_boxes((0, 0, 10, 10), classes=[0]), lesion) == [FALSE]
    many = np.repeat([[0.0, 0, 10, 10]], MOST + 5, axis=0)
    low = Boxes(many, np.arange(MOST + 5), np.ones(MOST + 5, int))
    assert len(_outcome(low, lesion)) == MOST
    assert matched([low], [lesion], "p").ratings.min() == 5


def test_images_are_matched_alone_or_many_at_once(monkeypatch):
    drawn, truths = some_films(RNG(3), 30, 2)
    together = matched(drawn, truths, [str(i) for i in range(30)])
    monkeypatch.setattr(pairs, "_PAIRS", 5)
    apart = matched(drawn, truths, [str(i) for i in range(30)])
    assert np.array_equal(together.outcomes, apart.outcomes)


def test_a_group_is_what_its_images_alone_give():
    drawn, truths = some_films(RNG(4), 30, 2)
    names = [f"{i // 2:02}" for i in range(30)]
    chosen = RNG(1).random(30) < 0.5
    part = [
        [one for one, there in zip(all_of, chosen, strict=True) if there]
        for all_of in (drawn, truths, names)
    ]
    assert precision_values(matched(drawn, truths, names).among(chosen)) == precision_values(
        matched(*part)
    )


def test_nothing_at_all_and_lengths_that_differ():
    nothing = matched([], [], [])
    assert (len(nothing), nothing.outcomes.shape, precision_values(nothing)) == (0, (0, 4, 10), {})
    with pytest.raises(ValueError, match="1 images, 0 truths"):
        matched([Boxes.none()], [], ["p"])
    with pytest.raises(ValueError, match="1 boxes, 2 areas"):
        Truths(_boxes((0, 0, 1, 1)), np.ones(2), np.zeros(1, bool))
