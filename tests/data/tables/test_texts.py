import numpy as np
import pytest

from xaudit.core.text.packed_texts import PackedTexts
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.texts import Coder, Column, Texts


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


ROWS = 70_000


def _grown(texts, step=4096):
    column = Column()
    for start in range(0, len(texts), step):
        column.extend(texts[start : start + step])
    return column.texts()


@pytest.mark.parametrize("different", [ROWS, ROWS - 40, 50, 1])
def test_a_column_grows_to_the_same_rows_whether_its_texts_are_looked_up_or_not(different):
    texts = [f"row {row % different}" for row in range(ROWS)]
    found = _grown(texts)
    assert isinstance(found.texts, PackedTexts) == (different > ROWS / 2)
    assert list(found.values()) == texts
    assert found.all_different() == (different == ROWS)
    assert found.used() == set(texts)
    some = found.at(np.arange(ROWS - 50, ROWS))
    assert list(some.values()) == texts[-50:]
    told = found.told(str)
    assert len(told.texts) == different
    assert list(told.values()) == texts


def test_a_packed_column_is_read_as_any_other():
    texts = [f" {row}" if row % 9 else "nan" for row in range(ROWS)]
    read, missing = _grown(texts), Missing.declared(("nan",))
    assert isinstance(read.read("age", missing).texts, PackedTexts)
    assert list(read.read("age", missing).values()) == list(
        Texts.of(texts).read("age", missing).values()
    )
    where = read.read("age", missing).where(lambda text: text == "7")
    assert np.flatnonzero(where).tolist() == [7]
