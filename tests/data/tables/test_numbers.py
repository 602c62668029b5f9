import math

import pytest

from xaudit.data.tables.numbers import number


@pytest.mark.parametrize("text", ["0", "-1.5", "+2", ".5", "3.", "1e-05", "1E3", " 7 "])
def test_plain_numbers_are_read(text):
    assert number(text) == float(text)


def test_what_is_not_finite_is_a_number_that_its_reader_refuses():
    assert math.isnan(number("nan"))
    assert number("-inf") == -math.inf


@pytest.mark.parametrize("text", ["0_1", "٠.٥", "０.５", "1,5", "", ".", "0x10", "1 000", "e5"])
def test_what_only_python_reads_is_refused(text):
    with pytest.raises(ValueError, match="number"):
        number(text)
