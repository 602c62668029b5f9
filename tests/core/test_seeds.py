from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.seeds import generator_for, seed_for


@given(st.integers(0, 2**31), st.lists(st.text(max_size=8), max_size=3))
def test_same_keys_give_the_same_stream(seed, keys):
    assert seed_for(seed, *keys) == seed_for(seed, *keys)
    assert generator_for(seed, *keys).random() == generator_for(seed, *keys).random()


def test_keys_are_not_run_together():
    assert seed_for(1, "ab", "c") != seed_for(1, "a", "bc")
    assert seed_for(1, "a") != seed_for(2, "a")
