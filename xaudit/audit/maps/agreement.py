"""Agreement of methods on where the evidence lies."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.audit.analyses.port import Material, as_analysis
from xaudit.audit.scores.agreement import agreement_findings
from xaudit.core.record.finding import Finding
from xaudit.metrics.maps import agreement


@as_analysis("agreement", 78, ["maps"], metrics=(agreement,))
def _agreement(material: Material) -> Iterator[Finding]:
    return agreement_findings(material.results, material.methods, material.means)
