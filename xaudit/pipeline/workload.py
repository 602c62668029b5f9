"""Workload: how often each stage of a run does what it does, read off the plan beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xaudit.audit.gallery.gallery_choice import LIMITS
from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.port import wanted

SCORE, MAPS, SHOWN = "score", "maps", "maps of shown cases"
PICTURES, FINDINGS = "pictures", "findings"
_MEANS, _DRAWS = 320, 2000
"""Means over cases that are made of the maps of a method, and draws for the interval of each."""


def workload(plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
    """Stage → how many times its unit is done: a case, a map set, a degraded image, a mean.

    What a stage costs grows in proportion, so that a rehearsal with few of them tells what all
    will cost. Which cases the card shows is not known before the run: the number is what is
    expected of those that were not explained anyway.

    Args:
        plan: of the audit, or of a rehearsal of it.
        layers: of the detector, from the top.
    """
    explain = plan.config.explain
    probes = [one.kind.workload(plan, layers) for one in wanted(plan)]
    return {
        SCORE: len(plan.study.cases),
        MAPS: len(plan.record.sample),
        **{stage: units for probe in probes for stage, units in probe.items()},
        SHOWN: _shown(plan),
        PICTURES: sum(LIMITS.values()) if _pictured(plan) else 0,
        FINDINGS: _MEANS * max(1, len(explain.methods)) * plan.config.statistics.draws / _DRAWS,
    }


def _shown(plan: Plan) -> float:
    """Cases that are explained because the card shows them; all others were sampled."""
    if not _pictured(plan):
        return 0.0
    of_scores = LIMITS["miss"] + LIMITS["false_alarm"] + LIMITS["group"]
    return of_scores * (1 - len(plan.record.sample) / len(plan.study.cases))


def _pictured(plan: Plan) -> bool:
    return plan.config.explain.gallery and len(plan.record.sample) > 0
