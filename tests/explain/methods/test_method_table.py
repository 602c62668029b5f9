import pytest
from method_table import PAGE, page


@pytest.mark.heavy
def test_table_of_architectures_is_what_is_found():
    assert page() == PAGE.read_text(encoding="utf-8"), "accept with `make table`"
