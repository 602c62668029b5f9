"""One probe, carried out as a run does it."""

import pytest

from xaudit.audit.probes.port import Wanted
from xaudit.audit.probes.runner import carry_out
from xaudit.audit.probes.worker import crew_of
from xaudit.audit.run.parts import Part
from xaudit.audit.run.shards import Run
from xaudit.executors.serial import Serial


@pytest.fixture(name="carried_out")
def carried_out_fixture():
    """Carries out a probe of a plan and an engine on results; returns its rows."""

    def carried_out(kind, audit, results, folder, listen=lambda step: None):
        plan, engine = audit
        parts = [Part(0, None, plan, engine)]
        run = Run(folder, listen, Serial(), crew_of(plan, folder, parts, results))
        return carry_out(Wanted(kind, {}), parts, results, run)

    return carried_out
