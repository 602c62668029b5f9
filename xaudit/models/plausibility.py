"""Wrong declarations that can be noticed: what does not fit is said, not repaired."""

from __future__ import annotations

import torch

from xaudit.core.case import FloatArray
from xaudit.core.suspicion import Suspicion
from xaudit.models.torch_detector import TorchDetector

_FAR = 3.0


def check_input(detector: TorchDetector, images: FloatArray) -> tuple[Suspicion, ...]:
    """Whether real images reach the first batch norm as its training images did.

    The mean of each channel, in units of the trained standard deviation, tells a wrong scaling.
    Networks without batch norm, or with one that was folded into the convolution, tell nothing.

    Args:
        detector: as declared.
        images: (N, C, H, W) in [0, 1], of the study.
    """
    layer = next(
        (one for one in detector.module.modules() if isinstance(one, torch.nn.BatchNorm2d)), None
    )
    if layer is None or layer.running_mean is None or layer.running_var is None:
        return ()
    if _is_folded(layer):
        return ()
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    try:
        detector.logits(images)
    finally:
        handle.remove()
    mean = seen[0].mean(dim=(0, 2, 3))
    distance = (mean - layer.running_mean).abs() / (layer.running_var + layer.eps).sqrt()
    typical = float(distance.median())
    if typical <= _FAR:
        return ()
    text = (
        f"The first layer sees values {typical:.1f} standard deviations from those of its training "
        "(median over channels). Check mean, std and intensity in detector.input."
    )
    return (Suspicion("input_far_from_training", text),)


def _is_folded(layer: torch.nn.BatchNorm2d) -> bool:
    assert layer.running_mean is not None
    assert layer.running_var is not None
    zero = bool((layer.running_mean == 0).all())
    return zero and bool((layer.running_var - 1).abs().max() < 1e-3)
