"""Load a detector as it is declared."""

from __future__ import annotations

from functools import partial

import torch

from xaudit.core.detector import Capability
from xaudit.errors import DetectorError
from xaudit.models.architectures import build_network
from xaudit.models.layers import find_target_layer
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import PositiveLogit, TorchDetector
from xaudit.models.weights import load_state, read_weights, sha256_of_file


def load_detector(spec: DetectorSpec) -> TorchDetector:
    """Build the architecture, load the weights, and try one image.

    Args:
        spec: what the configuration declares.

    Raises:
        DetectorError: architecture, weights, input or output do not fit together.
    """
    state = read_weights(spec.weights)
    network = build_network(spec.architecture, spec.arguments)
    load_state(network, state, f"{spec.weights.name} into {spec.architecture}")
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    module = PositiveLogit(network, spec.input, spec.output)
    planes = 3 if spec.input.color == "rgb" else 1
    image = torch.zeros(1, planes, spec.input.height, spec.input.width)
    run = partial(_try, module, image)
    run()
    layer, grid = _target(network, run, spec)
    capabilities: tuple[Capability, ...] = ("gradients", "features") if layer else ("gradients",)
    return TorchDetector(
        name=spec.name,
        input=spec.input,
        module=module,
        target_layer_name=layer,
        feature_grid=grid,
        weights_sha256=sha256_of_file(spec.weights),
        parameter_count=sum(one.numel() for one in network.parameters()),
        capabilities=frozenset(capabilities),
    )


def _target(
    network: torch.nn.Module, run: partial[torch.Tensor], spec: DetectorSpec
) -> tuple[str | None, tuple[int, int] | None]:
    try:
        return find_target_layer(network, run, spec.target_layer)
    except DetectorError:
        if spec.target_layer is not None:
            raise
        return None, None


def _try(module: PositiveLogit, image: torch.Tensor) -> torch.Tensor:
    try:
        with torch.inference_mode():
            result: torch.Tensor = module(image)
    except (RuntimeError, ValueError, AssertionError) as error:
        shape = " x ".join(map(str, image.shape[1:]))
        raise DetectorError(
            f"the network does not take an input of {shape}: {error}; see detector.input"
        ) from None
    return result
