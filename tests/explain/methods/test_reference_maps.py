import numpy as np
import torch

from xaudit.explain.methods.reference_maps import center_gaussian, edge_map, ideal_on_grid
from xaudit.testing import disc


def test_center_is_that_of_the_image_and_not_of_the_grid():
    inside = np.zeros((20, 30), dtype=bool)
    inside[2:10, 12:28] = True
    values = center_gaussian((20, 30), inside)
    rows, columns = np.nonzero(values == values.max())
    assert (rows.mean(), columns.mean()) == (5.5, 19.5)
    assert not values[~inside].any()


def test_edges_of_a_plain_image_are_none():
    assert not edge_map(np.full((1, 9, 9), 0.5, dtype=np.float32), np.ones((9, 9), bool)).any()
    step = np.zeros((1, 9, 9), dtype=np.float32)
    step[..., 5:] = 1
    assert set(np.unique(np.nonzero(edge_map(step, np.ones(step.shape[1:], bool)))[1])) == {4, 5}


def test_ideal_map_is_what_torch_makes_of_the_pooled_mask():
    lesion = disc((28, 42), (9, 30), 4)
    ours = ideal_on_grid(lesion[None], (7, 6), (28, 42))
    mask = torch.from_numpy(lesion.astype(np.float64))[None, None]
    pooled = torch.nn.functional.avg_pool2d(mask, (4, 7))
    theirs = torch.nn.functional.interpolate(
        pooled, size=(28, 42), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(ours, theirs[0, 0].numpy(), atol=1e-6)


def test_coarse_grid_misses_a_hairline():
    hairline = np.zeros((1, 224, 224), dtype=bool)
    hairline[0, 30:70, 100:104] = True
    shares = []
    for grid in (7, 28):
        values = ideal_on_grid(hairline, (grid, grid), (224, 224))
        shares.append(values[hairline[0]].sum() / values.sum())
    np.testing.assert_allclose(shares, [0.063, 0.356], atol=0.03)


def test_step_to_the_padding_is_no_edge():
    rng = np.random.default_rng(0)
    picture = rng.random((1, 20, 12)).astype(np.float32) + 0.5
    inside = np.zeros((20, 20), bool)
    inside[:, 4:16] = True
    for pad in (0.0, 5.0):
        padded = np.full((1, 20, 20), pad, np.float32)
        padded[:, :, 4:16] = picture
        edges = edge_map(padded, inside)
        assert not edges[~inside].any()
        alone = edge_map(picture, np.ones((20, 12), bool))
        np.testing.assert_array_equal(edges[:, 4:16], alone)
    flat = np.where(inside, np.float32(0.7), np.float32(0))[None]
    assert not edge_map(flat, inside).any()
