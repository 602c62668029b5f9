"""Credibility of a method's maps, read from the findings of the checks.

The thresholds and why they stand where they do: ``docs/reference/credibility.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Believed, ExplanationVerdict, Finding, Findings

Result = Literal["passed", "doubtful", "failed", "missing"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the checks pass; each reads a limit of the interval, never the point.

    Attributes:
        randomization: similarity of maps with a fully randomized detector has to stay below it,
            and so has that with a detector trained on shuffled labels, where one was given.
        edges: similarity with the edges of the image, likewise.
        gain: symmetric relevance gain has to lie above it.
        stability: correlation of maps under small physical changes has to lie above it, and so
            has that with the maps of retrained detectors, where some were given.
        repeatability: agreement over seeds has to lie above it.
        readable: share of the checked cases with a map that can be read has to lie above it.
        complete: share of the checked maps that add up to the change of the logit has to lie above
            it, for methods that promise so.
        cases: with fewer behind an estimate, nothing passes without caution.
    """

    randomization: float = 0.5
    edges: float = 0.5
    gain: float = 0.0
    stability: float = 0.5
    repeatability: float = 0.75
    readable: float = 0.8
    complete: float = 0.8
    cases: int = 10

    def changed(self, values: Mapping[str, float]) -> Thresholds:
        """These thresholds, with those that a policy gives in their place."""
        both: dict[str, Any] = {**asdict(self), **values}
        return Thresholds(**both)


THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check says of one method."""

    result: Result
    reason: Message


def explanation_verdicts(
    findings: Sequence[Finding], methods: Sequence[str], thresholds: Thresholds = THRESHOLDS
) -> tuple[ExplanationVerdict, ...]:
    """Judge every method.

    A method whose maps survive randomization of the detector, do not tell what the score depends
    on, or do not add up as the method promises, is not shown to be about this model; so is one
    for which this was not measured. Doubt in them, or anything less than a pass in the other
    checks, calls for caution.

    Args:
        findings: of the audit.
        methods: attribution methods of the plan.
        thresholds: where the checks pass.
    """
    return tuple(_judged(findings, method, thresholds) for method in methods)


def believed(findings: Findings, changed: Mapping[str, float]) -> tuple[ExplanationVerdict, ...]:
    """The verdicts of an audit under the thresholds of a policy.

    Args:
        findings: of the audit.
        changed: thresholds that differ from the usual ones; without any the audit's own
            verdicts stand.
    """
    if not changed:
        return findings.explanations
    methods = [explanation.method for explanation in findings.explanations]
    return explanation_verdicts(findings.findings, methods, THRESHOLDS.changed(changed))


def _judged(findings: Sequence[Finding], method: str, thresholds: Thresholds) -> ExplanationVerdict:
    vital = list(_vital(findings, method, thresholds))
    other = list(_other(findings, method, thresholds))
    lost = [one for one in vital if one.result in {"failed", "missing"}]
    doubts = [one for one in (*vital, *other) if one not in lost and one.result != "passed"]
    verdict: Believed = "not_shown" if lost else "with_caution" if doubts else "may_be_believed"
    rest = [one for one in (*vital, *other) if one.result == "passed"]
    return ExplanationVerdict(method, verdict, tuple(one.reason for one in (*lost, *doubts, *rest)))


def _vital(findings: Sequence[Finding], method: str, limits: Thresholds) -> Iterator[CheckResult]:
    similarity = _find(findings, "randomization_similarity", method, layers="all")
    what = Message("Likeness to the map of a randomized detector")
    yield _check(similarity, what, limits.randomization, limits, below=True)
    shuffled = _find(findings, "label_randomization_similarity", method)
    if shuffled is not None:
        what = Message("Likeness to the map of a detector trained on shuffled labels")
        yield _check(shuffled, what, limits.randomization, limits, below=True)
    gain = _find(findings, "symmetric_relevance_gain", method)
    what = Message("Gain of removing the least over the most important first")
    yield _check(gain, what, limits.gain, limits)
    complete = _find(findings, "complete_map", method)
    if complete is not None:
        what = Message("Maps that add up to the change of the logit")
        yield _check(complete, what, limits.complete, limits)


def _other(findings: Sequence[Finding], method: str, limits: Thresholds) -> Iterator[CheckResult]:
    edges = _find(findings, "edge_similarity", method)
    yield _check(
        edges, Message("Likeness to the edges of the image"), limits.edges, limits, below=True
    )
    stability = _find(findings, "stability", method)
    yield _check(
        stability, Message("Likeness after small physical changes"), limits.stability, limits
    )
    repeated = _find(findings, "repeatability", method)
    yield _check(repeated, Message("Agreement over seeds"), limits.repeatability, limits)
    again = _find(findings, "reproducibility", method)
    if again is not None:
        what = Message("Likeness to the maps of retrained detectors")
        yield _check(again, what, limits.stability, limits)
    readable = _find(findings, "readable_map", method)
    yield _check(readable, Message("Maps that can be read"), limits.readable, limits)
    yield from _contradictions(findings, method, limits)


def _contradictions(
    findings: Sequence[Finding], method: str, limits: Thresholds
) -> Iterator[CheckResult]:
    """Baselines under which the map is worse than a random order."""
    for finding in findings:
        baseline = finding.scope.get("baseline")
        if (
            finding.metric == "symmetric_relevance_gain"
            and finding.scope.get("method") == method
            and baseline is not None
            and finding.estimate.high is not None
            and finding.estimate.high < limits.gain
        ):
            reason = Message(
                "With “{baseline}” in place of what is removed the gain is negative: {value:.2f} "
                "({low:.2f} to {high:.2f}, n = {n}).",
                baseline=baseline, **_figures(finding.estimate),
            )  # fmt: skip
            yield CheckResult("doubtful", reason)


def _check(
    estimate: Estimate | None,
    what: Message,
    threshold: float,
    limits: Thresholds,
    below: bool = False,
) -> CheckResult:
    if estimate is None:
        return CheckResult("missing", Message("{what}: not measured.", what=what))
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return CheckResult("missing", Message("{what}: {why}.", what=what, why=estimate.undefined))
    passed = estimate.high < threshold if below else estimate.low > threshold
    failed = estimate.low >= threshold if below else estimate.high <= threshold
    figures = {"what": what, **_figures(estimate), "bound": threshold}
    if failed:
        return CheckResult("failed", Message(_FAILED[below], **figures))
    if not passed:
        return CheckResult("doubtful", Message(_DOUBTFUL[below], **figures))
    if estimate.n < limits.cases:
        return CheckResult("doubtful", Message(_FEW[below], **figures))
    return CheckResult("passed", Message(_PASSED[below], **figures))


def _figures(estimate: Estimate) -> dict[str, object]:
    names = ("value", "low", "high", "n")
    return {name: getattr(estimate, name) for name in names}


# Whether it has to stay below a bound → what is said.
_FAILED = {
    True: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), not below {bound:g}.",
    False: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), not above {bound:g}.",
}
_DOUBTFUL = {
    True: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), not surely below {bound:g}.",
    False: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), not surely above {bound:g}.",
}
_FEW = {
    True: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), below {bound:g}, but {n} cases "
    "are few.",
    False: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), above {bound:g}, but {n} cases "
    "are few.",
}
_PASSED = {
    True: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), below {bound:g}.",
    False: "{what}: {value:.2f} ({low:.2f} to {high:.2f}, n = {n}), above {bound:g}.",
}


def _find(findings: Sequence[Finding], metric: str, method: str, **scope: str) -> Estimate | None:
    wanted = {"method": method, **scope}
    for finding in findings:
        if finding.metric == metric and dict(finding.scope) == wanted:
            return finding.estimate
    return None
