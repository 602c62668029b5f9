"""The record of a device: each of the 35 elements is measured, declared, derived or missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xaudit.core.record.finding import Findings
from xaudit.core.record.statements import ClaimCheck
from xaudit.report.elements.fields import ALL, ElementQuestion
from xaudit.report.tables import predictions
from xaudit.report.tables.demographics import answered, recorded

_MEASURED_BY = {
    "accuracy": "sensitivity",
    "fractions": "sensitivity",
    "dropouts": "sensitivity",
    "localization": "mass",
    "calibration": "brier",
    "robustness": "degraded_auc",
}


@dataclass(frozen=True, slots=True)
class Element:
    """One of the 35, and what is known of it.

    Attributes:
        field: which.
        kinds: "measured", "derived", "declared"; empty where nothing is known.
        text: what the maker states.
        against: claims that the study contradicts or cannot confirm.
        applies: whether this audit could have answered it.
    """

    field: ElementQuestion
    kinds: tuple[str, ...]
    text: str
    against: tuple[ClaimCheck, ...]
    applies: bool

    @property
    def status(self) -> str:
        """In words; never empty."""
        return " and ".join(self.kinds) or ("missing" if self.applies else "not applicable")


def record(findings: Findings) -> tuple[Element, ...]:
    """All 35 elements, in order."""
    measured = {
        finding.metric for finding in findings.findings if finding.estimate.value is not None
    }
    return tuple(
        Element(
            field,
            tuple(_kinds(findings, field.name, measured)),
            findings.declared.get(field.name, ""),
            tuple(
                claim
                for claim in findings.claims
                if claim.element == field.name and claim.agreement != "agrees"
            ),
            predictions.applies(findings, field.section),
        )
        for field in ALL
    )


def _kinds(findings: Findings, name: str, measured: set[str]) -> Iterator[str]:
    if _measured(findings, name, measured):
        yield "measured"
    if _derived(findings, name):
        yield "derived"
    if findings.declared.get(name) or _stated(findings, name):
        yield "declared"


def _measured(findings: Findings, name: str, measured: set[str]) -> bool:
    known = {
        "flow": True,
        "failures": bool(findings.gallery),
        "sites": findings.study.sites is not None,
        "subgroups": bool(findings.study.levels),
        "explanations": bool(findings.explanations),
        "benefit_risk": findings.prevalence is not None and "sensitivity" in measured,
        "missing_groups": all(columns for columns in recorded(findings).values()),
    }
    return known.get(name, _MEASURED_BY.get(name) in measured)


def _derived(findings: Findings, name: str) -> bool:
    if name == "released_version":
        checks = [claim.agreement for claim in findings.claims if claim.element == name]
        return "agrees" in checks and set(checks) == {"agrees"}
    return name == "identity" or (name == "acceptance" and findings.audit.policy_sha256 is not None)


def _stated(findings: Findings, name: str) -> bool:
    statements = findings.statements
    claims = statements.claims
    return {
        "intended_use": claims.ages is not None,
        "inputs": bool(claims.groups),
        "released_version": claims.version is not None or claims.weights_sha256 is not None,
        "missing_groups": bool(statements.unrecorded) and answered(findings),
        "signatures": bool(statements.signatories),
    }.get(name, False)
