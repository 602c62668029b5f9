import numpy as np
import pytest
from scipy.stats import spearmanr

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.maps.agreement import consensus

AGREEMENT = METRICS["agreement"]


def _maps(seed, shape=(40, 33)):
    rng = np.random.default_rng(seed)
    inside = np.ones(shape, bool)
    inside[:, 29:] = False
    return (
        rng.normal(size=shape).astype(np.float32),
        rng.normal(size=shape).astype(np.float32),
        inside,
    )


def test_agreement_is_spearman_over_cells():
    for seed in range(4):
        first, second, inside = _maps(seed)
        cells = [[], []]
        for top in range(0, 40, 8):
            for left in range(0, 32, 8):
                block = np.s_[top : top + 8, left : left + 8]
                if inside[block].mean() >= 0.5:
                    for row, values in zip(cells, (first, second), strict=True):
                        row.append(np.maximum(values[block], 0)[inside[block]].mean())
        expected = spearmanr(*cells).statistic
        assert AGREEMENT(first, second, inside) == pytest.approx(expected)


def test_same_map_agrees_with_itself_and_opposite_ones_do_not():
    ramp = np.add.outer(np.arange(32.0), np.arange(32.0)).astype(np.float32) + 1
    inside = np.ones((32, 32), bool)
    assert AGREEMENT(ramp, 5 * ramp, inside) == pytest.approx(1)
    assert AGREEMENT(ramp, ramp.max() + 1 - ramp, inside) == pytest.approx(-1)
    assert isinstance(AGREEMENT(ramp, np.ones_like(ramp), inside), Undefined)
    with pytest.raises(ValueError, match="one size"):
        AGREEMENT(ramp, ramp[1:], inside)


def test_consensus_is_where_both_are_strong_and_loudness_does_not_count():
    first, second = np.zeros((16, 16), np.float32), np.zeros((16, 16), np.float32)
    first[2, 2], first[8, 8], second[8, 8], second[12, 3] = 5, 4, 4, 5
    inside = np.ones((16, 16), bool)
    together = consensus([first, second], inside)
    assert np.unravel_index(together.argmax(), together.shape) == (8, 8)
    np.testing.assert_allclose(consensus([first * 100, second], inside), together)
    inside[:, 12:] = False
    assert not consensus([first, second], inside)[:, 12:].any()
    assert isinstance(consensus([first], inside), Undefined)


def test_cells_half_on_padding_are_not_weak_in_both_maps():
    rng = np.random.default_rng(2)
    inside = np.ones((64, 64), bool)
    inside[:, :4] = inside[:, 60:] = False
    values = []
    for _ in range(2):
        cells = np.kron(rng.permutation(64).reshape(8, 8), np.ones((8, 8)))
        values.append((100 + cells).astype(np.float32))
    # Ranks that differ by little would be decided by who lies on the padding.
    whole = spearmanr(values[0][::8, ::8].ravel(), values[1][::8, ::8].ravel()).statistic
    assert AGREEMENT(*values, inside) == pytest.approx(whole)
