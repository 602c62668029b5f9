"""Sandboxes that this machine can make, for the tests of what runs in them."""

import shutil

import pytest

from xaudit.errors import DetectorError
from xaudit.models.sandbox.confine import Sandbox, _problem, find_sandbox

KINDS = ("bubblewrap", "user namespaces")
MEMORY = 8 * 2**30


def sandbox_or_skip():
    """What a run takes here."""
    try:
        return find_sandbox()
    except DetectorError as error:
        pytest.skip(str(error))


def boxed_where_possible():
    """For tests of something else: as a run decides, or without where none can be made here."""
    try:
        find_sandbox()
    except DetectorError:
        return False
    return None


def sandbox_of(kind):
    """One kind of walls; skips where this machine cannot make it."""
    program = shutil.which("bwrap") if kind == "bubblewrap" else None
    if kind == "bubblewrap" and program is None:
        pytest.skip("bubblewrap is not installed: apt-get install bubblewrap")
    sandbox = Sandbox(f"{kind}, seccomp", program, MEMORY)
    problem = _problem(sandbox)
    if problem is not None:
        pytest.skip(f"{kind}: {problem}")
    return sandbox
