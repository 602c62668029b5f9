import numpy as np
import pytest

from xaudit.metrics.maps.readability import complete_map, readable_map

INSIDE = np.ones((4, 5), bool)
MAP = np.arange(-10.0, 10).reshape(4, 5)


def test_a_map_that_varies_and_has_something_positive_can_be_read():
    assert readable_map(MAP, INSIDE) == 1


@pytest.mark.parametrize(
    "values", [None, np.zeros((4, 5)), np.ones((4, 5)), MAP - 20, np.where(MAP > 3, np.nan, MAP)]
)
def test_other_maps_cannot(values):
    assert readable_map(values, INSIDE) == 0


def test_padding_says_nothing():
    inside = MAP < 0
    assert readable_map(np.where(inside, 0, MAP), inside) == 0
    assert readable_map(MAP, np.zeros_like(INSIDE)) == 0


def test_a_map_is_complete_within_its_tolerance():
    assert [complete_map(gap, 0.05) for gap in (0.0, 0.05, 0.051, 3.0)] == [1, 1, 0, 0]
