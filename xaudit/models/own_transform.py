"""Networks that normalize images themselves: nothing may be done twice."""

from __future__ import annotations

import torch

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError

_TRANSFORM = "GeneralizedRCNNTransform"


def refuse_second_normalization(network: torch.nn.Module, spec: InputSpec) -> None:
    """Refuse a mean or std that the network applies again to what it gets.

    Args:
        network: with the transform of torchvision's detection models, or without.
        spec: how images enter it.

    Raises:
        DetectorError: both would normalize.
    """
    within = next((one for one in network.modules() if type(one).__name__ == _TRANSFORM), None)
    if within is None:
        return
    mean, std = (list(getattr(within, name, ())) for name in ("image_mean", "image_std"))
    does = any(mean) or any(one != 1 for one in std)
    if does and (any(spec.mean) or any(one != 1 for one in spec.std)):
        raise DetectorError(
            f"the network normalizes images itself ({_TRANSFORM}, mean {mean}, std {std}), and "
            f"detector.input declares mean {list(spec.mean)}, std {list(spec.std)}: that would be "
            "done twice; declare mean: [0.0] and std: [1.0]"
        )
