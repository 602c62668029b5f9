"""``xaudit schema``: JSON Schema of the files that people and editors write and read."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from xaudit.commands.console import tell


class Kind(StrEnum):
    """Which file."""

    audit = "audit"
    predictions = "predictions"
    policy = "policy"
    device = "device"
    findings = "findings"
    verdict = "verdict"


def schema(
    kind: Annotated[Kind, typer.Argument(help="Which file the schema is for.")] = Kind.audit,
) -> None:
    """Print the JSON Schema of a file, for editors and other tools."""
    tell(json.dumps(_schema(kind), indent=2, ensure_ascii=False))


def _schema(kind: Kind) -> dict[str, object]:
    from pydantic import TypeAdapter

    from xaudit.audit.config.config import AuditConfig
    from xaudit.audit.config.device import Device
    from xaudit.audit.config.predictions_config import PredictionsConfig
    from xaudit.core.finding import Findings
    from xaudit.core.policy import Verdict
    from xaudit.gate.policy_file import policy_schema

    if kind is Kind.audit:
        return AuditConfig.model_json_schema()
    if kind is Kind.predictions:
        return PredictionsConfig.model_json_schema()
    if kind is Kind.policy:
        return policy_schema()
    if kind is Kind.device:
        return Device.model_json_schema()
    return TypeAdapter[object](Findings if kind is Kind.findings else Verdict).json_schema()
