"""The two real detectors say the same in every format, on a film of FracAtlas."""

import format_table
import pytest
from fracatlas_files import NEEDS_FRACATLAS, WEIGHTS

pytestmark = NEEDS_FRACATLAS


@pytest.mark.parametrize("name", WEIGHTS)
def test_rows_of_the_table_are_what_is_found(name):
    format_table.compared(format_table.measured(name))
