"""Arrays that cross the border come out as they went in; what was not agreed does not."""

import contextlib
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from xaudit.errors import DetectorLostError
from xaudit.models.sandbox import border
from xaudit.models.sandbox.border import Border

ARRAYS = st.lists(
    of_numpy.arrays(
        st.sampled_from([np.float32, np.float64]), of_numpy.array_shapes(max_dims=4, min_side=0),
        elements=st.floats(width=32, allow_nan=False),
    ),
    max_size=4,
)  # fmt: skip


@contextlib.contextmanager
def both_sides():
    near = Border()
    far = Border(os.dup(near.descriptor))
    try:
        yield near, far
    finally:
        near.close()
        far.close()


@given(st.lists(ARRAYS, min_size=1, max_size=3))
def test_what_goes_in_comes_out(questions):
    with both_sides() as (near, far):
        for arrays in questions:
            heads = near.put(arrays)
            found = far.get(heads, [one.shape for one in arrays])
            assert [one.dtype for one in found] == [one.dtype for one in arrays]
            for one, other in zip(arrays, found, strict=True):
                np.testing.assert_array_equal(one, other)
            # A copy: what is written next does not change it.
            near.put([np.full_like(one, 7) for one in arrays])
            for one, other in zip(arrays, found, strict=True):
                np.testing.assert_array_equal(one, other)


def test_it_grows_on_both_sides():
    with both_sides() as (near, far):
        for size in (1, 10**6, 10, 3 * 10**6):
            sent = np.arange(size, dtype=np.float32)
            np.testing.assert_array_equal(far.get(near.put([sent]), [(None,)])[0], sent)
            np.testing.assert_array_equal(near.get(far.put([sent]), [(size,)])[0], sent)


def test_nobody_makes_it_smaller():
    with both_sides() as (near, far):
        near.put([np.zeros(10**5, np.float32)])
        with pytest.raises(PermissionError):
            os.ftruncate(far.descriptor, 0)


def test_what_would_end_this_side_is_not_read(monkeypatch):
    """A model may let the memory grow without ever filling it."""
    monkeypatch.setattr(border, "_MOST_BYTES", 1000)
    with both_sides() as (near, far):
        assert near.get(far.put([np.zeros((2, 100), np.float32)]), [(2, None)])[0].size == 200
        with pytest.raises(DetectorLostError, match="not there"):
            near.get(far.put([np.zeros((2, 126), np.float32)]), [(2, None)])


@pytest.mark.parametrize(
    ("heads", "told"),
    [
        (None, "other arrays"),
        ([], "other arrays"),
        ([["<f4", [2, 3], 0]] * 2, "other arrays"),
        ([7], "no array"),
        ([["<f4", [2, 3]]], "no array"),
        ([["<i8", [2, 3], 0]], "expected 2 x any"),
        ([["<f4", [3, 3], 0]], "expected 2 x any"),
        ([["<f4", [2, 3, 1], 0]], "expected 2 x any"),
        ([["<f4", [2, -3], 0]], "expected 2 x any"),
        ([["<f4", [2, 3.0], 0]], "expected 2 x any"),
        ([["<f4", [2, True], 0]], "expected 2 x any"),
        ([["<f4", [2, 3], -8]], "expected 2 x any"),
        ([["<f4", [2, 3], 10**9]], "not there"),
        ([["<f4", [2, 10**15], 0]], "not there"),
        ([["<f4", "23", 0]], "expected 2 x any"),
    ],
)
def test_what_was_not_agreed_is_refused(heads, told):
    with both_sides() as (near, far):
        far.put([np.zeros((2, 3), np.float32)])
        with pytest.raises(DetectorLostError, match=told):
            near.get(heads, [(2, None)])
