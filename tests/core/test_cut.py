import numpy as np

from xaudit.core.cut import Cut


def test_a_cut_is_a_mapping_of_masks_with_sorted_levels():
    cut = Cut.of(["b", "a", "b", "c"])
    assert list(cut) == ["a", "b", "c"]
    assert {name: mask.tolist() for name, mask in cut.items()} == {
        "a": [False, True, False, False],
        "b": [True, False, True, False],
        "c": [False, False, False, True],
    }
    assert cut.rows("b").tolist() == [0, 2]
    assert cut.counts(np.array([True, True, False, True])).tolist() == [1, 1, 1]


def test_levels_without_a_case_stay_until_they_are_dropped():
    some = Cut.of(["b", "a", "b"]).at(np.array([0, 2]))
    assert (some.names, some.there) == (("a", "b"), ("b",))
    assert some.rows("a").tolist() == []
    assert some.used().names == ("b",)
    assert some.used().codes.tolist() == [0, 0]


def test_texts_that_stand_twice_are_one_level():
    cut = Cut.coded(("x", "y", "x"), np.array([0, 1, 2, 2], dtype=np.int32))
    assert cut.names == ("x", "y")
    assert cut.codes.tolist() == [0, 1, 0, 0]
