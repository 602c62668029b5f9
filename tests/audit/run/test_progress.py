"""The arithmetic of progress holds for every count of work, also for none and for too much."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.audit.run.progress import Meter, Step

WORK = st.floats(0, 1e12, allow_nan=False)
SECONDS = st.floats(0, 1e9, allow_nan=False)


@given(WORK, WORK, WORK, SECONDS)
def test_shares_and_times_are_numbers_whatever_was_counted(work, of_work, kept, seconds):
    step = Step("score", 0, 0, work, of_work, kept)
    assert 0 <= step.share <= 1
    left = step.left(seconds)
    assert left is None or (math.isfinite(left) and left >= 0)


@given(st.floats(0.01, 0.99), st.floats(0, 0.99), st.floats(1, 1e6), SECONDS)
def test_at_an_even_speed_the_time_left_is_that_of_the_rest(part, kept, of_work, seconds):
    work = of_work * (kept + (1 - kept) * part)
    left = Step("score", 0, 0, work, of_work, of_work * kept).left(seconds)
    if left is not None:
        assert left == pytest.approx(seconds * (1 - part) / part, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("work", [0.0, 0.5, 7.0])
def test_a_stage_without_work_is_finished_at_once(work):
    step = Step("score", 0, 0, work, 0.0)
    assert step.share == 1
    assert step.left(3.0) in {None, 0.0}


@given(st.lists(st.tuples(st.sampled_from(["keep", "score", "map", "stage"]),
                          st.integers(0, 50)), min_size=1), st.integers(0, 100))  # fmt: skip
def test_a_meter_never_goes_back(calls, of_work):
    told = []
    meter = Meter(told.append, of_work, float(of_work))
    for name, count in calls:
        arguments = {
            "keep": (count, float(count)),
            "score": ("score", count, float(count)),
            "map": ("shap", 0, float(count)),
            "stage": ("degrade", count, float(count)),
        }[name]
        (meter.keep if name == "keep" else meter.count)(*arguments)
    shares = [step.share for step in told]
    assert len(told) == len(calls)
    assert shares == sorted(shares)
    assert told[-1].kept <= told[-1].work
