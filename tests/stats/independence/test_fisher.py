import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from xaudit.stats.independence.fisher import fisher_p_value


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any))
def test_p_is_that_of_scipy(table):
    a, b, c, d = table
    theirs = fisher_exact([[a, b], [c, d]]).pvalue
    assert fisher_p_value(a, a + b, a + c, sum(table)) == pytest.approx(theirs, rel=1e-9)


def test_p_of_a_table_of_fisher():
    """Convicts among twins (Fisher 1935); two-sided in R's ``fisher.test``: 0.0005367."""
    assert fisher_p_value(10, 13, 12, 30) == pytest.approx(0.0005367, abs=5e-8)


def test_p_of_half_a_million_patients():
    rng = np.random.default_rng(0)
    for size in (40, 4000, 100_000):
        mine = int(rng.hypergeometric(200_000, 300_000, size))
        table = [[mine, size - mine], [200_000 - mine, 300_000 - size + mine]]
        ours = fisher_p_value(mine, size, 200_000, 500_000)
        assert ours == pytest.approx(fisher_exact(table).pvalue, rel=1e-6)


def test_a_part_larger_than_the_whole_is_refused():
    with pytest.raises(ValueError, match="5 of 4 positive"):
        fisher_p_value(5, 4, 6, 10)
