"""Published networks say the same in every format, as docs/reference/model-formats.md states."""

import format_table
import pytest

pytestmark = pytest.mark.heavy  # a quarter of a minute each


@pytest.mark.parametrize("name", [*format_table.NETWORKS, *format_table.DRAWN])
def test_rows_of_the_table_are_what_is_found(name):
    format_table.compared(format_table.measured(name))
