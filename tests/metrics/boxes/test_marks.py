import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes import pairs
from xaudit.metrics.boxes.iou import pairwise_iou
from xaudit.metrics.boxes.marks import HitRule, free_response, with_missed_lesions
from xaudit.metrics.boxes.operating_point import lesion_sensitivity

RNG = np.random.default_rng
RULES = [HitRule(), HitRule(0.2, "false"), HitRule(None), HitRule(None, "false")]


def _film(rng):
    def some(count):
        start = rng.integers(0, 30, (count, 2)) / 2
        corners = np.hstack([start, start + rng.integers(1, 30, (count, 2)) / 2])
        return Boxes(corners, rng.integers(-2, 3, count) * 1.0, np.zeros(count, int))

    return some(rng.integers(0, 6)), some(rng.integers(0, 4))


def _slow(drawn, lesions, rule):
    """Ratings and overlaps of lesions, ratings of false marks, by loops."""
    ratings, overlaps, used, hitting = [], [], set(), set()
    for lesion in lesions.corners:
        best = None
        for number, box in enumerate(drawn.corners):
            iou = pairwise_iou(box[None], lesion[None])[0, 0]
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            within = lesion[0] <= x <= lesion[2] and lesion[1] <= y <= lesion[3]
            if within if rule.iou is None else iou >= rule.iou:
                hitting.add(number)
                if best is None or drawn.ratings[number] > drawn.ratings[best[0]]:
                    best = number, iou
        ratings.append(-np.inf if best is None else drawn.ratings[best[0]])
        overlaps.append(0.0 if best is None else best[1])
        used |= set() if best is None else {best[0]}
    spared = hitting if rule.duplicates == "left out" else used
    return ratings, overlaps, [r for i, r in enumerate(drawn.ratings) if i not in spared]


@given(st.integers(0, 10**6), st.sampled_from(RULES))
@settings(max_examples=60, deadline=None)
def test_marks_are_those_of_loops(seed, rule):
    rng = RNG(seed)
    films = [_film(rng) for _ in range(5)]
    drawn, lesions = zip(*films, strict=True)
    found = free_response(drawn, lesions, list("aabbc"), rule, "person")
    marks = found.marks
    for case, film in enumerate(films):
        ratings, overlaps, false = _slow(*film, rule)
        own = marks.lesion_cases == case
        assert list(marks.lesion_ratings[own]) == ratings
        assert list(found.overlaps[own]) == overlaps
        assert list(marks.false_ratings[marks.false_cases == case]) == false
    assert (marks.patients, marks.unit) == (tuple("aabbc"), "person")


def test_films_are_matched_alone_or_many_at_once(monkeypatch):
    drawn, lesions = zip(*[_film(RNG(seed)) for seed in range(30)], strict=True)
    together = free_response(drawn, lesions, ["p"] * 30)
    monkeypatch.setattr(pairs, "_PAIRS", 4)
    apart = free_response(drawn, lesions, ["p"] * 30)
    assert np.array_equal(together.marks.lesion_ratings, apart.marks.lesion_ratings)
    assert np.array_equal(together.marks.false_cases, apart.marks.false_cases)


def test_a_second_mark_is_left_out_or_false_by_the_declared_rule():
    lesion = Boxes([[0, 0, 10, 10]], [0.0], [0])
    twice = Boxes([[0, 0, 10, 10], [0, 0, 10, 9]], [1.0, 2.0], [0, 0])
    for rule, false in ((HitRule(), []), (HitRule(duplicates="false"), [1.0])):
        found = free_response([twice], [lesion], ["p"], rule)
        assert (found.marks.lesion_ratings, found.overlaps) == ([2.0], [0.9])
        assert list(found.marks.false_ratings) == false


def test_films_without_anything_and_rules_that_are_none():
    empty = free_response([Boxes.none()] * 2, [Boxes.none()] * 2, ["a", "b"])
    assert (len(empty.marks), len(empty.overlaps), empty.marks.diseased.any()) == (2, 0, False)
    assert len(free_response([], [], []).marks) == 0
    with pytest.raises(ValueError, match="1 images, 0 lesions"):
        free_response([Boxes.none()], [], ["p"])
    for iou in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="overlap above 0"):
            HitRule(iou)


def test_a_group_is_what_its_films_alone_give():
    drawn, lesions = zip(*[_film(RNG(seed)) for seed in range(30)], strict=True)
    names, chosen = [str(i // 2) for i in range(30)], RNG(2).random(30) < 0.5
    part = free_response(drawn, lesions, names).among(chosen)
    rows = np.flatnonzero(chosen)
    alone = free_response(*([one[i] for i in rows] for one in (drawn, lesions, names)))
    assert part.marks.patients == alone.marks.patients
    for name in ("lesion_cases", "lesion_ratings", "false_cases", "false_ratings"):
        assert np.array_equal(getattr(part.marks, name), getattr(alone.marks, name)), name
    assert np.array_equal(part.overlaps, alone.overlaps)


def test_in_the_worst_case_every_lost_film_has_a_missed_lesion():
    drawn, lesions = zip(*[_film(RNG(seed)) for seed in range(10)], strict=True)
    marks = free_response(drawn, lesions, [str(i) for i in range(10)]).marks
    worst = with_missed_lesions(marks, ["3", "new"])
    found = int((marks.lesion_ratings >= 0).sum())
    share = lesion_sensitivity(worst, 0.0)
    assert (share.k, share.n) == (found, len(marks.lesion_cases) + 2)
    assert worst.patients[-2:] == ("3", "new")
    assert np.array_equal(worst.false_ratings, marks.false_ratings)
    assert with_missed_lesions(marks, []).patients == marks.patients
