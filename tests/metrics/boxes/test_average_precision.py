import numpy as np
import pytest
from coco_boxes import STATS, evaluated, some_films
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes import average_precision, precision_draws
from xaudit.metrics.boxes.average_precision import average_precisions, precision_values
from xaudit.metrics.boxes.matching import SIZES, Truths, matched
from xaudit.metrics.boxes.precision_draws import Blocks
from xaudit.stats.resampling.bootstrap import bootstrap

RNG = np.random.default_rng


def _names(films):
    return tuple(f"p{i:05}" for i in range(films))


@given(st.integers(0, 10**6), st.booleans(), st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_the_numbers_are_those_of_pycocotools(seed, ties, classes):
    drawn, truths = some_films(RNG(seed), 6, classes, ties=ties)
    stats = evaluated(drawn, truths).stats
    found = precision_values(matched(drawn, truths, _names(6)))
    assert {name for name, place in STATS.items() if stats[place] != -1} == set(found)
    for name, value in found.items():
        assert value == pytest.approx(stats[STATS[name]], abs=1e-9), name


def test_ids_from_nought_would_lose_a_lesion_and_here_there_are_no_ids():
    box = Boxes([[0, 0, 10, 10]], [0.0], [0])
    films = [box] * 4, [Truths.of(box)] * 4
    assert evaluated(*films, shifted=False).stats[1] < 0.8
    assert precision_values(matched(*films, _names(4)))["average_precision"] == pytest.approx(1)


def test_images_and_their_annotations_turned_over_together_give_the_same():
    drawn, truths = some_films(RNG(8), 20, 2)

    def over(boxes):
        left, top, right, bottom = boxes.corners.T
        return Boxes(
            np.stack([500 - right, top, 500 - left, bottom], 1), boxes.ratings, boxes.classes
        )

    turned = [Truths(over(t.boxes), t.areas, t.crowd) for t in truths]
    assert precision_values(matched(drawn, truths, _names(20))) == precision_values(
        matched([over(boxes) for boxes in drawn], turned, _names(20))
    )


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_a_draw_is_pycocotools_on_images_that_come_as_often(seed):
    """Without equal ratings, whose order depends on where the copies are put.

    3 of 100 lesions may be less than a recall of 0.03 there, which is rounding.
    """
    rng = RNG(seed)
    drawn, truths = some_films(rng, 12, 2, ties=False)
    counts = rng.integers(0, 4, 12)
    counts[0] += not counts.any()
    rows = np.repeat(np.arange(12), counts)
    stats = evaluated([drawn[i] for i in rows], [truths[i] for i in rows], lenient=1e-6).stats
    matches = matched(drawn, truths, _names(12))
    weights = counts[:, None].astype(np.float32)
    for size, name in enumerate(SIZES):
        curves = average_precision._curves(matches, name)
        if stats[2 + size] == -1 or not curves:
            continue
        read = zip(*(Blocks.of(one, 12).read(weights) for one in curves), strict=True)
        precision, recall = average_precision._of_classes(*read)
        assert precision.mean() == pytest.approx(stats[2 + size if size else 0], abs=1e-5)
        assert recall.mean() == pytest.approx(stats[8 + size], abs=1e-5)


def test_blocks_of_hits_move_no_limit_by_more_than_draws_do(monkeypatch):
    drawn, truths = some_films(RNG(5), 600, 1, ties=False, most=12)
    matches = matched(drawn, truths, [f"{i // 2:03}" for i in range(600)])
    monkeypatch.setattr(precision_draws, "BLOCKS", 10**6)
    exact = average_precisions(matches, RNG(0), 1000)
    monkeypatch.setattr(precision_draws, "BLOCKS", 256)
    quick = average_precisions(matches, RNG(0), 1000)
    for name, one in exact.items():
        error = (one.high - one.low) / 4
        assert quick[name].value == one.value
        assert quick[name].low == pytest.approx(one.low, abs=0.05 * error), name
        assert quick[name].high == pytest.approx(one.high, abs=0.05 * error), name


def test_few_blocks_are_moved_to_what_the_study_itself_has(monkeypatch):
    monkeypatch.setattr(precision_draws, "BLOCKS", 6)
    drawn, truths = some_films(RNG(7), 60, 1, ties=False)
    matches = matched(drawn, truths, _names(60))
    curve = average_precision._curves(matches, "all")[0]
    once = np.ones((60, 1), dtype=np.float32)
    assert Blocks.of(curve, 60).moved.max() > 1e-4
    assert Blocks.of(curve, 60).read(once)[0][0] == pytest.approx(curve.precision(), abs=1e-6)


def test_the_interval_is_that_of_patients_drawn_one_by_one():
    drawn, truths = some_films(RNG(6), 60, 1, ties=False)
    names = [f"{i // 3:03}" for i in range(60)]
    found = average_precisions(matched(drawn, truths, names), RNG(0), 1000, ("all",))

    def drawn_again(rows):
        return precision_values(
            matched([drawn[i] for i in rows], [truths[i] for i in rows], [str(i) for i in rows])
        ).get("average_precision_50")

    slow = bootstrap(drawn_again, names, RNG(1), draws=300)
    quick = found["average_precision_50"]
    error = (slow.high - slow.low) / 4
    assert (quick.value, quick.clusters, quick.n) == (slow.value, 20, 60)
    assert quick.low == pytest.approx(slow.low, abs=0.4 * error)
    assert quick.high == pytest.approx(slow.high, abs=0.4 * error)
    alone = average_precision.average_precision_50(matched(drawn, truths, names), RNG(0), 1000)
    assert alone == quick


def test_without_lesions_or_patients_there_is_a_reason_and_nothing_found_is_nought():
    box, nothing = Boxes([[0, 0, 10, 10]], [0.0], [0]), Boxes.none()
    silent = average_precisions(matched([box] * 3, [Truths.of(nothing)] * 3, _names(3)), RNG(0), 9)
    assert {str(one.undefined) for one in silent.values()} == {
        "no lesions",
        "no lesions of this size",
    }
    assert len(silent) == 7
    missed = average_precisions(matched([nothing] * 3, [Truths.of(box)] * 3, _names(3)), RNG(0), 9)
    assert [missed[name].value for name in ("average_precision", "average_recall")] == [0, 0]
    assert str(missed["average_precision_large"].undefined) == "no lesions of this size"
    one = average_precisions(matched([box] * 3, [Truths.of(box)] * 3, ["p"] * 3), RNG(0), 9)
    assert "2 needed" in str(one["average_precision"].undefined)
    with pytest.raises(ValueError, match="expected a size"):
        precision_values(matched([box], [Truths.of(box)], ["p"]), ("tiny",))


def test_equal_ratings_leave_the_value_to_the_order_of_images_and_that_is_said():
    hit, miss = Boxes([[0, 0, 10, 10]], [0.0], [0]), Boxes([[50, 50, 60, 60]], [0.0], [0])
    films = [[hit, miss] * 20, [Truths.of(hit), Truths.of(Boxes.none())] * 20]
    told = average_precisions(matched(*films, _names(40)), RNG(0), 50)["average_precision_50"]
    assert "0.500 to 1.000" in str(told.caution)
    rated = [Boxes(one.corners, [i / 100.0], [0]) for i, one in enumerate(films[0])]
    told = average_precisions(matched(rated, films[1], _names(40)), RNG(0), 50)
    assert told["average_precision_50"].caution is None
