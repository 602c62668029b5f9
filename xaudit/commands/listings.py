"""``xaudit methods``, ``metrics`` and ``schema``: what there is, and how its files look."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from xaudit.commands.terminal.console import out, tell


class Kind(StrEnum):
    """Which file."""

    audit = "audit"
    predictions = "predictions"
    boxes = "boxes"
    policy = "policy"
    device = "device"
    findings = "findings"
    verdict = "verdict"


def methods() -> None:
    """List the attribution methods: what each answers, its parameters, its cost."""
    from xaudit.explain.port import EXPLAINERS, load_built_in, make_explainer

    load_built_in()
    table = Table("method", "question", "parameters", "cost per case", "library", box=None)
    for name in EXPLAINERS:
        explainer = make_explainer(name, {})
        forward, backward = explainer.cost()
        params = "\n".join(f"{key}: {value}" for key, value in explainer.params.items())
        cost = f"{forward} forward\n{backward} backward"
        table.add_row(name, explainer.question, params, cost, explainer.library)
        table.add_section()
    out.print(table)


def metrics() -> None:
    """List the metrics: what each answers, its bounds and its direction."""
    from xaudit.audit.plan.metrics import all_metrics

    table = Table("metric", "family", "question", "better", "range", box=None)
    for facts in all_metrics():
        low = "−∞" if facts.low is None else f"{facts.low:g}"
        high = "∞" if facts.high is None else f"{facts.high:g}"
        table.add_row(facts.name, facts.family, facts.question, facts.better, f"{low} to {high}")
    out.print(table)


def schema(
    kind: Annotated[Kind, typer.Argument(help="Which file the schema is for.")] = Kind.audit,
) -> None:
    """Print the JSON Schema of a file, for editors and other tools."""
    tell(json.dumps(_schema(kind), indent=2, ensure_ascii=False))


def _schema(kind: Kind) -> dict[str, object]:
    from pydantic import TypeAdapter

    from xaudit.audit.config.boxes_config import BoxesConfig
    from xaudit.audit.config.config import AuditConfig
    from xaudit.audit.config.device import Device
    from xaudit.audit.config.predictions_config import PredictionsConfig
    from xaudit.core.record.finding import Findings
    from xaudit.core.record.policy import Verdict
    from xaudit.gate.policies.policy_file import policy_schema

    if kind is Kind.audit:
        return AuditConfig.model_json_schema()
    if kind is Kind.predictions:
        return PredictionsConfig.model_json_schema()
    if kind is Kind.boxes:
        return BoxesConfig.model_json_schema()
    if kind is Kind.policy:
        return policy_schema()
    if kind is Kind.device:
        return Device.model_json_schema()
    return TypeAdapter[object](Findings if kind is Kind.findings else Verdict).json_schema()
