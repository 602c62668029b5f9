import pytest

from tests.walls import KINDS, sandbox_of


@pytest.fixture(params=KINDS)
def each_sandbox(request):
    """Walls of each kind that this machine can make."""
    return sandbox_of(request.param)
