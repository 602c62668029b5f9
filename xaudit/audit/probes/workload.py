"""How often each stage of a run does what it does: read off the plan, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xaudit.audit.gallery.gallery_choice import LIMITS
from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.checks import randomizations
from xaudit.audit.probes.other_detectors import weights_of_others
from xaudit.data.transforms.degrade import LADDERS

SCORE, MAPS, WORSE, WORSE_MAPS = "score", "maps", "degrade", "maps of worse images"
SHORTCUTS, SHOWN = "shortcuts", "maps of shown cases"
AGAIN = "score again"
PICTURES, FINDINGS = "pictures", "findings"
CHECK = "check "
"""How the names of all stages begin that check maps, see `Checks.stages`."""
SCORED_AGAIN = 32
"""Cases that are scored once more in every other way."""
_MEANS, _DRAWS = 320, 2000
"""Means over cases that are made of the maps of a method, and draws for the interval of each."""


def workload(plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
    """Stage → how many times its unit is done: a case, a map set, a worse image, a mean.

    What a stage costs grows in proportion, so that a rehearsal with few of them tells what all
    will cost. Which cases the card shows is not known before the run: the number is what is
    expected of those that were not explained anyway.

    Args:
        plan: of the audit, or of a rehearsal of it.
        layers: of the detector, from the top.
    """
    explain, checks = plan.config.explain, plan.config.explain.checks
    cases, explained = len(plan.study.cases), len(plan.record.sample)
    checked = min(checks.cases, explained)
    times = {
        "maps": 1,
        "faithfulness": 1,
        "randomization": len(randomizations(layers, checks)),
        # Maps of each copy by the detector and by its randomized twin.
        "smooth randomization": checks.smooth,
        "other detectors": len(weights_of_others(checks)),
        "stability": len(checks.disturbances),
        "repeatability": checks.repeats,
    }
    return {
        SCORE: cases,
        MAPS: explained,
        **_of_worse_images(plan),
        **{CHECK + name: float(checked * each) for name, each in times.items()},
        SHORTCUTS: min(explain.shortcuts, explained),
        AGAIN: min(SCORED_AGAIN, cases),
        SHOWN: _shown(plan),
        PICTURES: sum(LIMITS.values()) if _pictured(plan) else 0,
        FINDINGS: _MEANS * max(1, len(explain.methods)) * plan.config.statistics.draws / _DRAWS,
    }


def _of_worse_images(plan: Plan) -> Mapping[str, float]:
    worse = plan.config.robustness
    steps = sum(len(LADDERS[name].severities) for name in worse.ladders)
    sample = set(plan.record.sample)
    lesioned = sum(
        case.case_id in sample and case.label and len(case.lesions) > 0 for case in plan.study.cases
    )
    return {
        WORSE: min(worse.cases, len(plan.study.cases)) * steps,
        WORSE_MAPS: min(worse.maps, lesioned) * steps,
    }


def _shown(plan: Plan) -> float:
    """Cases that are explained because the card shows them; all others were drawn."""
    if not _pictured(plan):
        return 0.0
    of_scores = LIMITS["miss"] + LIMITS["false_alarm"] + LIMITS["group"]
    return of_scores * (1 - len(plan.record.sample) / len(plan.study.cases))


def _pictured(plan: Plan) -> bool:
    return plan.config.explain.gallery and len(plan.record.sample) > 0
