import numpy as np
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


def test_each_view_is_made_by_itself():
    grid = Grid((6, 4), views=3)
    assert (grid.view, Grid((6, 4)).view) == ((2, 4), (6, 4))
    planes, inside = np.arange(48.0).reshape(2, 6, 4), np.ones((6, 4), dtype=bool)
    seen = []

    def upside_down(own, shown):
        seen.append((own.shape, shown.shape))
        return own[:, ::-1]

    found = grid.by_view(upside_down, planes, inside)
    assert seen == [((2, 2, 4), (2, 4))] * 3
    np.testing.assert_array_equal(found, planes[:, [1, 0, 3, 2, 5, 4]])
    np.testing.assert_array_equal(
        Grid((6, 4)).by_view(upside_down, planes, inside), planes[:, ::-1]
    )


@pytest.mark.parametrize("views", [0, 4])
def test_rows_are_shared_out_among_the_views(views):
    with pytest.raises(ValueError, match=f"6 rows are not {views} views"):
        Grid((6, 4), views=views)
