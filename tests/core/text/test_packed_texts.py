"""Packed texts are a list of texts in less room."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.text.packed_texts import PackedTexts

# Halves of surrogate pairs too: JSON may hold them.
TEXTS = st.lists(st.text(st.characters(exclude_categories=())), max_size=20)


@given(TEXTS, TEXTS, st.slices(12))
def test_they_are_a_list_of_texts(first, more, part):
    packed, plain = PackedTexts(first), first + more
    packed.extend(iter(more))
    assert list(packed) == plain
    assert len(packed) == len(plain)
    assert [packed[place] for place in range(-len(plain), len(plain))] == [*plain, *plain]
    assert packed[part] == tuple(plain[part])
    assert list(reversed(packed)) == plain[::-1]
    assert all(text in packed for text in plain)


def test_behind_the_last_there_is_none():
    with pytest.raises(IndexError):
        PackedTexts(["a"])[1]


def test_ids_take_a_third_of_what_they_take_as_objects():
    ids = [f"case-{number}" for number in range(10_000)]
    packed = PackedTexts(ids)
    held = sys.getsizeof(packed._bytes) + sys.getsizeof(packed._ends)
    assert held * 3 < sys.getsizeof(ids) + sum(map(sys.getsizeof, ids))
