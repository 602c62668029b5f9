import pytest

from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import (
    Accountability,
    AuditFacts,
    DetectorFacts,
    Finding,
    Findings,
    StudyFacts,
)


@pytest.fixture
def make_findings():
    def make(*findings, metrics=(), methods=(), policy_sha256=None):
        return Findings(
            AuditFacts("a", "2026-01-01T00:00:00Z", "0" * 64, policy_sha256, "0.1.0", 1),
            DetectorFacts(
                "d", "1", "x:y", "w", "0" * 64, 1, InputSpec(224, 224), "logit", "features",
                (
                    OperatingPoint("default", 0.0, "fixed"),
                    OperatingPoint("tuned", -1.0, "chosen_on_study"),
                ),
            ),
            StudyFacts("s", "", "", "0" * 64, 10, 10, 5, 5, "patient", "", None, None),
            Accountability(10, 0, 0, 10, 5, 0, 0, 0, 0, "", ()),
            findings, metrics, methods,
        )  # fmt: skip

    return make


@pytest.fixture
def finding():
    def make(low, high, metric="sensitivity", caution=None, **scope):
        value = (low + high) / 2
        estimate = Estimate(value, low, high, "Wilson", n=100, caution=caution)
        full = {"analysis": "scored", "operating_point": "default"} | scope
        return Finding(metric, full, estimate)

    return make
