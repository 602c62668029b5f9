"""What cases that were scored again say, with planted differences."""

import numpy as np
import pytest
from scipy.special import logit as log_odds

from xaudit.audit.scores.rescored import LOGIT, MAP, WAY, rescored
from xaudit.audit.store.store import CaseRow, ProbeRow
from xaudit.core.detector import OperatingPoint

POINTS = (OperatingPoint("half", 0.0, "fixed"), OperatingPoint("strict", 2.0, "fixed"))


def case(name, logit):
    return CaseRow(name, name, True, {}, logit, 0, "none", sampled=False)


def again(name, logit, way="1 at once, 1 threads"):
    reason = None if logit is not None else "the detector returned a logit that is not finite"
    return ProbeRow(name, "", LOGIT, WAY, way, logit, reason)


CASES = (case("a", 1e-4), case("b", -3.0), case("c", 2.0), case("d", 5.0), case("lost", None))


def test_the_largest_difference_sets_the_tolerance():
    rows = [again("a", 1.5e-4), again("b", -3.00004, "8 at once, 2 threads")]
    found = rescored(rows, CASES, POINTS, "logit")
    assert found.cases == 2
    assert found.ways == ("1 at once, 1 threads", "8 at once, 2 threads")
    assert found.largest == pytest.approx(5e-5)
    assert found.tolerance == pytest.approx(2e-4)
    assert found.flipped == 0
    # "c" lies on the second point itself, "a" within the tolerance of the first.
    assert found.near == {"half": 1, "strict": 1}


def test_where_nothing_moved_rounding_is_left():
    found = rescored([again("b", -3.0)], CASES, POINTS, "logit")
    assert found.largest == 0
    assert found.tolerance == pytest.approx(4 * 2.0**-21)


def test_a_call_that_changes_is_counted_once():
    rows = [again("a", -1e-4), again("a", -2e-4, "other"), again("b", None), again("d", 5.0)]
    found = rescored(rows, CASES, POINTS, "logit")
    assert (found.cases, found.flipped) == (3, 2)


def test_rounding_near_one_is_not_blown_up_by_the_logarithm():
    high = [case(f"h{n}", float(log_odds(1 - n * 2.0**-24))) for n in (1, 2)]
    rows = [again("h1", high[1].logit)]
    found = rescored(rows, [*high, case("low", -2.0)], POINTS, "probability")
    assert found.unit == "probability"
    assert found.largest == pytest.approx(2.0**-24)
    assert found.tolerance == pytest.approx(4 * float(np.spacing(np.float32(1 - 2.0**-24))))
    assert found.near == {"half": 0, "strict": 0}


def test_maps_keep_their_worst_way_and_undefined_ones_say_nothing():
    rows = [
        again("a", 1e-4),
        ProbeRow("a", "gradcam", MAP, WAY, "one", 1e-6, None),
        ProbeRow("b", "gradcam", MAP, WAY, "other", 4e-3, None),
        ProbeRow("b", "saliency", MAP, WAY, "one", None, "the map is constant"),
    ]
    assert rescored(rows, CASES, POINTS, "logit").maps == {"gradcam": 4e-3}


def test_without_rows_nothing_is_said():
    assert rescored([], CASES, POINTS, "logit") is None
    assert rescored([again("a", None)], CASES, POINTS, "logit") is None
