"""What a configuration says of a detector; read without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from xaudit.core.detector import InputSpec

OutputKind = Literal["logit", "two_logits", "multi_label"]
Argument = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What the network returns.

    Attributes:
        kind: "logit" (one number), "two_logits" (softmax over two), or "multi_label" (one
            independent logit for each label).
        positive: which column means fractured.
    """

    kind: OutputKind = "logit"
    positive: int = 0


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """Architecture, weights, input and output of a detector.

    Attributes:
        name: how reports call it.
        version: as its maker numbers it.
        architecture: "torchvision:NAME", "timm:NAME" or "package.module:factory".
        weights: safetensors or a state_dict.
        arguments: passed to the factory.
        input: what it expects to see.
        output: what it returns.
        target_layer: dotted name of the layer whose output Grad-CAM reads; None to find what the
            head pools.
    """

    name: str
    version: str
    architecture: str
    weights: Path
    input: InputSpec
    output: OutputSpec = field(default_factory=OutputSpec)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    target_layer: str | None = None
