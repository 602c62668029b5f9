"""A CycloneDX 1.7 bill of materials with the model card of the detector."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from xaudit.core.detector import Taken
from xaudit.core.record.finding import Finding, Findings

SPEC_VERSION = "1.7"
_LIMITS = ("failures", "inputs")


def cyclonedx_json(findings: Findings, unverified: Sequence[str] = ()) -> str:
    """The detector as a component of type machine-learning-model; the same bytes every time.

    Every estimate with a value is a performance metric with its limits; the format has no field
    for the method of an interval, so methods are properties of the card.

    Args:
        findings: of an audit.
        unverified: which files were not those that the run wrote, a line each.
    """
    audit = findings.audit
    bom: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, audit.plan_sha256)}",
        "version": 1,
        "metadata": {
            "timestamp": audit.created,
            "tools": {
                "components": [
                    {"type": "application", "name": "xaudit", "version": audit.xaudit_version}
                ]
            },
            "component": _component(findings, unverified),
        },
    }
    return json.dumps(bom, indent=1, allow_nan=False) + "\n"


def _component(findings: Findings, unverified: Sequence[str]) -> dict[str, Any]:
    device = findings.detector
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": "detector",
        "name": device.name,
        "version": device.version,
        "modelCard": {
            "modelParameters": _parameters(findings),
            "quantitativeAnalysis": {"performanceMetrics": list(_metrics(findings))},
            "considerations": _considerations(findings),
            "properties": list(_properties(findings, unverified)),
        },
    }
    if device.weights_sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": device.weights_sha256}]
    return component


def _parameters(findings: Findings) -> dict[str, Any]:
    device, study = findings.detector, findings.study
    parameters: dict[str, Any] = {
        "task": "fracture detection on radiographs",
        "modelArchitecture": device.architecture,
        "datasets": [
            {
                "type": "dataset",
                "name": study.name,
                "description": f"Test data: {study.cases} cases of {study.patients} "
                f"{study.unit}s, {study.positives} with a fracture. SHA-256 {study.sha256}. "
                f"{study.source}".strip(),
            }
        ],
        "outputs": [{"format": device.output}],
    }
    if device.input is not None:
        spec = device.input
        parameters["inputs"] = [{"format": f"{spec.height} × {spec.width} pixels, {spec.color}"}]
    return parameters


def _metrics(findings: Findings) -> Iterator[dict[str, Any]]:
    for finding in findings.findings:
        estimate = finding.estimate
        if estimate.value is not None:
            yield {
                "type": finding.metric,
                "value": repr(estimate.value),
                "slice": _slice(finding),
                "confidenceInterval": {
                    "lowerBound": repr(estimate.low),
                    "upperBound": repr(estimate.high),
                },
            }


def _slice(finding: Finding) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(finding.scope.items()))


def _considerations(findings: Findings) -> dict[str, Any]:
    declared = findings.declared
    limits = [declared[name] for name in _LIMITS if declared.get(name)]
    suspected = [f"{suspicion.name}: {suspicion.text}" for suspicion in findings.suspicions]
    considerations = {
        "useCases": [declared["intended_use"]] if declared.get("intended_use") else [],
        "technicalLimitations": [*limits, *suspected, *findings.detector.warnings],
    }
    return {name: texts for name, texts in considerations.items() if texts}


def _properties(findings: Findings, unverified: Sequence[str]) -> Iterator[dict[str, str]]:
    audit, taken = findings.audit, findings.detector.taken
    yield {"name": "xaudit:plan:sha256", "value": audit.plan_sha256}
    if audit.policy_sha256:
        yield {"name": "xaudit:policy:sha256", "value": audit.policy_sha256}
    if taken is not None and taken != Taken():
        yield {"name": "xaudit:weights:taken", "value": taken.described}
    yield from ({"name": "xaudit:unverified", "value": one} for one in unverified)
    for point in findings.detector.operating_points:
        above = "at or above" if point.inclusive else "above"
        value = f"logit {above} {point.logit!r}, {point.origin}"
        yield {"name": f"xaudit:operating_point:{point.name}", "value": value}
    methods = {(finding.metric, finding.estimate.method) for finding in findings.findings}
    for metric, method in sorted(methods):
        if method:
            yield {"name": f"xaudit:interval:{metric}", "value": method}
