"""What the outputs of a network mean: one logit for the positive class."""

from __future__ import annotations

import torch

from xaudit.errors import DetectorError
from xaudit.models.spec import OutputSpec


def positive_logit(output: object, spec: OutputSpec) -> torch.Tensor:
    """The logit of the positive class.

    For two outputs under a softmax this is their difference: the log odds, so that a probability
    of 0.5 is a logit of 0 for every kind of head.

    Args:
        output: what the network returned for N images.
        spec: what it is declared to mean.

    Returns:
        (N,).

    Raises:
        DetectorError: the output is not what was declared.
    """
    if not isinstance(output, torch.Tensor):
        raise DetectorError(
            f"the network returned {type(output).__name__}, expected one tensor; wrap it in a "
            "factory of your own (detector.architecture: package.module:factory)"
        )
    table = output.reshape(len(output), -1)
    width = table.shape[1]
    if spec.kind == "logit":
        _expect(width == 1, f"output.kind logit means one output, the network has {width}")
        return table[:, 0]
    _expect(
        spec.positive < width,
        f"output.positive is column {spec.positive} (from 0), the network has {width} outputs",
    )
    if spec.kind == "two_logits":
        _expect(width == 2, f"output.kind two_logits means two outputs, the network has {width}")
        return table[:, spec.positive] - table[:, 1 - spec.positive]
    return table[:, spec.positive]


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise DetectorError(f"{message}; see detector.output")
