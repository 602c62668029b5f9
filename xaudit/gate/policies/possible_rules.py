"""Demands that no audit like this one could ever answer: scopes and bounds that cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Rule
from xaudit.gate.policies.match import EVERY
from xaudit.gate.policies.nearest_name import nearest
from xaudit.gate.policies.policy_file import EXPLANATION

METHODS = (
    "attention_rollout", "deeplift", "drise", "eigencam", "gradcam", "gradcam_plus_plus",
    "gradient_shap", "gradient_weighted_attention", "guided_backprop", "hirescam",
    "input_x_gradient", "integrated_gradients", "layercam", "lime", "occlusion",
    "partition_shap", "rise", "saliency", "score_cam", "shap", "smoothgrad", "xgradcam",
)  # fmt: skip
"""Attribution methods that ship; their modules need torch, a policy does not."""
_ANALYSES = ("scored", "worst_case", "simultaneous", "converged")


def impossible(rule: Rule, findings: Findings) -> Iterator[str]:
    """One sentence for each part of a rule that can never be met or found.

    What this audit merely did not measure (a method that was not run, a level that the study
    does not have) is no mistake of the policy: there the rule is inconclusive.

    Args:
        rule: of a policy.
        findings: of a finished audit.
    """
    yield from _keys(rule, findings)
    yield from _values(rule, findings)
    yield from _bounds(rule, findings)


def _keys(rule: Rule, findings: Findings) -> Iterator[str]:
    """Keys under which this metric never stands."""
    scopes = [set(finding.scope) for finding in findings.findings if finding.metric == rule.metric]
    open_keys = {"analysis"} if findings.study.levels else {"analysis", "group", "level"}
    unknown = rule.where.keys() - open_keys - set().union(*scopes)
    if not scopes or not unknown:
        return
    kinds = sorted({tuple(sorted(scope - {"analysis"})) for scope in scopes})
    there = " or ".join(", ".join(kind) or "the whole study" for kind in kinds)
    yield f"{rule.metric} never has {', '.join(sorted(unknown))}; it is given by {there}"


def _values(rule: Rule, findings: Findings) -> Iterator[str]:
    points = [point.name for point in findings.detector.operating_points]
    methods = [method.name for method in findings.methods]
    known = {
        "operating_point": ({*points}, points),
        "method": ({*methods, *METHODS}, [*methods, *METHODS]),
        "analysis": ({*_ANALYSES}, [*_ANALYSES]),
        "compared": ({"rest", "baseline"}, ["rest"]),
    }
    for finding in findings.findings:
        for key, there in finding.scope.items():
            if key in known:
                known[key][0].add(there)
    for key, (legal, shown) in known.items():
        value = rule.where.get(key)
        if value is None or value in EVERY or value in legal:
            continue
        hint = nearest(value, sorted(legal))
        # A method may come from another package; then only a likely slip is refused.
        if key != "method" or hint:
            rest = f"; there is: {', '.join(shown) or 'none'}" if key != "method" else ""
            yield f"there is no {key.replace('_', ' ')} {value!r}{hint}{rest}"


def _bounds(rule: Rule, findings: Findings) -> Iterator[str]:
    """A bound beyond all that the metric can be; what always holds is told by the verdict."""
    facts = next((metric for metric in findings.metrics if metric.name == rule.metric), None)
    if facts is None or rule.metric == EXPLANATION:
        return
    share = "; shares are written from 0 to 1" if facts.unit == "proportion" else ""
    if rule.floor is not None and facts.high is not None and rule.floor > facts.high:
        yield (f"no detector can reach the floor {rule.floor:g}: {rule.metric} is never over "
               f"{facts.high:g}{share}")  # fmt: skip
    if rule.ceiling is not None and facts.low is not None and rule.ceiling < facts.low:
        yield (f"no detector can keep the ceiling {rule.ceiling:g}: {rule.metric} is never under "
               f"{facts.low:g}{share}")  # fmt: skip
