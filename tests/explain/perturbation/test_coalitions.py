import numpy as np
import pytest

from xaudit.explain.perturbation.coalitions import Coalitions, Hiding
from xaudit.explain.port import Context
from xaudit.testing import disc, planted_case


@pytest.fixture
def game(case):
    return Coalitions(case, Hiding(14, 0.1, "blur"), Context(1))


def test_a_block_is_balanced(game):
    block = game.block(3)
    assert block.shape == (game.block_size, game.count)
    signs = np.where(block, 1, -1)
    np.testing.assert_array_equal(signs.T @ signs, len(block) * np.eye(game.count))
    np.testing.assert_array_equal(signs.sum(axis=0), 0)


def test_rows_come_with_their_complement(game):
    for block in (game.block(0), game.edge_block(0, 0.8)):
        np.testing.assert_array_equal(block[::2], ~block[1::2])


def test_each_row_is_a_fair_coin(game):
    """The first row of a Hadamard matrix is constant; the signs make it random."""
    first = np.array([game.block(number)[0] for number in range(400)])
    assert abs(first.mean() - 0.5) < 0.05
    assert abs(np.corrcoef(first[:, 0], first[:, 1])[0, 1]) < 0.2


def test_blocks_differ_and_come_again(case, game):
    again = Coalitions(case, Hiding(14, 0.1, "blur"), Context(1))
    np.testing.assert_array_equal(game.block(1), again.block(1))
    assert (game.block(1) != game.block(2)).any()
    other = Coalitions(case, Hiding(14, 0.1, "blur"), Context(2))
    assert (game.block(1) != other.block(1)).any()


def test_edge_blocks_show_the_share(game):
    shown = np.concatenate([game.edge_block(number, 0.827)[::2] for number in range(40)])
    assert abs(shown.mean() - 0.827) < 0.02


def test_masked_images_are_image_and_baseline(game, case):
    inputs = game.asked(game.ends(), "ends").inputs
    nothing, everything = inputs.build(slice(0, 2)).numpy()
    np.testing.assert_array_equal(everything, case.image)
    hidden = game.patches >= 0
    np.testing.assert_array_equal(nothing[:, hidden], game.baseline[:, hidden])
    np.testing.assert_array_equal(nothing[:, ~hidden], case.image[:, ~hidden])


def test_shares_of_a_superpixel_add_up(game):
    values = np.random.default_rng(0).normal(size=game.count)
    spread = game.spread(values)
    for label in range(game.count):
        assert spread[game.patches == label].sum() == pytest.approx(values[label], rel=1e-4)
    assert not spread[game.patches < 0].any()


def test_air_and_padding_belong_to_no_superpixel():
    case = planted_case([disc((64, 64), (32, 20), 6)], (64, 64), seed=2)
    image = case.image.copy()
    image[:, :, 40:] = 0.0
    case.inside[:10] = False
    object.__setattr__(case, "image", image)
    patches = Coalitions(case, Hiding(20, 0.1, "blur"), Context(1)).patches
    assert (patches[:, 52:] < 0).all()
    assert (patches[:10] < 0).all()
    labels = np.unique(patches[patches >= 0])
    np.testing.assert_array_equal(labels, np.arange(len(labels)))


def test_a_flat_image_is_one_foreground():
    case = planted_case([], (32, 32))
    object.__setattr__(case, "image", np.full((1, 32, 32), 0.5, dtype=np.float32))
    assert (Coalitions(case, Hiding(6, 0.1, "mean"), Context(1)).patches >= 0).all()


def test_many_superpixels_take_a_larger_matrix(case):
    game = Coalitions(case, Hiding(70, 0.1, "blur"), Context(1))
    assert game.count > 63
    assert game.block_size == 256
