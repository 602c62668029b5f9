import pytest

from xaudit.core.grid import Grid


def test_a_grid_is_described_width_before_height():
    assert Grid((454, 373)).described == "373 x 454"
    assert Grid((454, 373)).plane == (454, 373)
    assert Grid((30, 454, 373), (1.0, 0.1, 0.1)).plane == (454, 373)


@pytest.mark.parametrize("shape", [(0, 5), (5,), (1, 2, 3, 4)])
def test_a_grid_without_pixels_is_refused(shape):
    with pytest.raises(ValueError, match="expected two or three axes with pixels"):
        Grid(shape)


@pytest.mark.parametrize("spacing", [(0.1,), (0.1, 0.0), (0.1, 0.1, 0.1)])
def test_a_distance_for_each_axis(spacing):
    with pytest.raises(ValueError, match="expected a positive distance for each axis"):
        Grid((4, 4), spacing)
