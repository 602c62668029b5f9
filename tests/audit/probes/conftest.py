"""One probe, carried out as a run does it."""

import pytest

from xaudit.audit.probes.fold_detectors import Part
from xaudit.audit.probes.port import Wanted
from xaudit.audit.probes.runner import carry_out


@pytest.fixture(name="carried_out")
def carried_out_fixture():
    """Carries out a probe of a plan and an engine on results; returns its rows."""

    def carried_out(kind, audit, results, folder, listen=lambda step: None):
        plan, engine = audit
        parts = [Part(0, None, plan, engine)]
        return carry_out(Wanted(kind, {}), parts, results, folder, listen)

    return carried_out
