"""A Hugging Face model card: the card as Markdown under a header that the Hub reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from xaudit.core.record.finding import Finding, Findings
from xaudit.core.record.policy import Verdict
from xaudit.core.text.printable import printable
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_markdown

# Our metric → what the Hub calls it.
_TYPES = {
    "auc": "roc_auc",
    "sensitivity": "recall",
    "specificity": "specificity",
    "ppv": "precision",
    "npv": "npv",
    "accuracy": "accuracy",
    "f1": "f1",
    "brier": "brier_score",
}


def huggingface_card(
    findings: Findings, verdict: Verdict | None, unverified: Sequence[str] = ()
) -> str:
    """README.md of a model repository, with a ``model-index`` of the measured figures.

    Only figures over all scored cases are in the index: it knows no intervals, so each metric
    carries its own in ``args``. The license of the model is not known here and is left out.

    Args:
        findings: of an audit.
        verdict: of its policy; None without one.
        unverified: which files were not those that the run wrote, a line each.
    """
    device = findings.detector
    header: dict[str, Any] = {
        "model_name": f"{device.name} {device.version}".strip(),
        "pipeline_tag": "image-classification",
        "tags": ["medical-imaging", "radiography", "fracture-detection", "xaudit"],
        "model-index": [{"name": device.name, "results": [_result(findings)]}],
    }
    text = yaml.safe_dump(_one_line(header), sort_keys=False, allow_unicode=True, width=1000)
    card = build_card(findings, verdict, {}, unverified=unverified)
    return f"---\n{text}---\n\n{render_markdown(card)}"


def _one_line(value: Any) -> Any:  # noqa: ANN401 (what YAML may hold)
    """Without line breaks: a name with a line of --- would end the header."""
    if isinstance(value, dict):
        return {key: _one_line(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_one_line(one) for one in value]
    return printable(" ".join(value.split())) if isinstance(value, str) else value


def _result(findings: Findings) -> dict[str, Any]:
    study = findings.study
    return {
        "task": {"type": "image-classification", "name": "Fracture detection"},
        "dataset": {
            "type": re.sub(r"[^a-z0-9]+", "-", study.name.lower()).strip("-") or "study",
            "name": study.name,
            "revision": study.sha256,
        },
        "metrics": list(_metrics(findings)),
    }


def _metrics(findings: Findings) -> Iterator[dict[str, Any]]:
    for finding in findings.findings:
        value = finding.estimate.value
        if finding.metric in _TYPES and _of_all_scored(finding) and value is not None:
            point = finding.scope.get("operating_point")
            name = finding.metric.replace("_", " ")
            yield {
                "type": _TYPES[finding.metric],
                "value": value,
                "name": f"{name} at “{point}”" if point else name,
                "args": _args(finding),
            }


def _of_all_scored(finding: Finding) -> bool:
    known = {"analysis", "operating_point"}
    return finding.scope.get("analysis") == "scored" and set(finding.scope) <= known


def _args(finding: Finding) -> dict[str, Any]:
    estimate = finding.estimate
    known = {
        "low": estimate.low,
        "high": estimate.high,
        "level": estimate.level,
        "interval": estimate.method,
        "k": estimate.k,
        "n": estimate.n,
        "operating_point": finding.scope.get("operating_point"),
        "caution": estimate.caution,
    }
    return {key: value for key, value in known.items() if value is not None}
