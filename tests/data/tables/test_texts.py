import numpy as np

from xaudit.data.tables.texts import Coder, Texts


def test_texts_of_rows_that_were_left_out_are_not_asked_about():
    whole = Texts(("4", "no number", "12"), np.array([0, 1, 2, 0], dtype=np.int32))
    kept = whole.at(np.array([0, 2, 3]))
    told = kept.told(lambda text: "young" if float(text) < 5 else "old")
    assert [told[row] for row in range(3)] == ["young", "old", "young"]


def test_texts_are_numbered_in_the_order_in_which_they_come():
    coder = Coder()
    coder.extend(["b", "a", "b"])
    coder.extend(iter(["c", "a", ""]))
    found = coder.texts()
    assert found.texts == ("b", "a", "c", "")
    assert found.codes.tolist() == [0, 1, 0, 2, 1, 3]
