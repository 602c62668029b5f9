"""A declaration as it crosses the border of the box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from xaudit.core.detector import InputSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.spec import DetectorSpec


def spec_as_json(spec: DetectorSpec) -> dict[str, Any]:
    """What is told inside: no name of the environment, and no box in the box."""
    told = asdict(replace(spec, allow_code=sorted(spec.allow_code), env=(), sandbox=False))
    return told | {"weights": str(spec.weights) if spec.weights else None}


def spec_from(told: Mapping[str, Any]) -> DetectorSpec:
    """The declaration again."""
    parts = {
        "weights": Path(told["weights"]) if told["weights"] else None,
        "weights_leave_out": tuple(told["weights_leave_out"]),
        "input": TypeAdapter(InputSpec).validate_python(told["input"]),
        "output": TypeAdapter(OutputSpec).validate_python(told["output"]),
    }
    return DetectorSpec(**{**told, **parts})
