"""The detector with randomized parameters, wholly or from the top down to some layer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import FloatArray
from xaudit.core.detector import Capability, InputSpec
from xaudit.core.seeds import seed_for
from xaudit.explain.engine.detector import DifferentiableDetector, FeatureLayer
from xaudit.explain.engine.folding import copied, name_of

_STATISTICS = ("running_mean", "running_var")
_POSITIVE = ("running_var", "moving_variance")
"""Ends of the names of variances: of torch, and of Keras."""


@dataclass(frozen=True, slots=True, eq=False)
class RandomizedDetector:
    """A copy of a detector with other parameters; satisfies `DifferentiableDetector`."""

    name: str
    input: InputSpec
    capabilities: frozenset[Capability]
    module: torch.nn.Module
    target_layer: FeatureLayer | None

    def logits(self, images: FloatArray) -> npt.NDArray[np.float64]:
        """(N, C, H, W) in [0, 1] → (N,)."""
        with torch.inference_mode():
            values = self.module(torch.from_numpy(images))
        return np.asarray(values.double().cpu().numpy())


def layers_from_top(detector: DifferentiableDetector) -> tuple[str, ...]:
    """Names of all modules that hold parameters of their own, the last to be called first.

    Bare parameters (class tokens, position embeddings, layer scales) belong to the module that
    holds them. A module that is never called itself, such as a projection that its parent reads,
    comes with the one before it.
    """
    twin = copied(detector.module).eval()
    calls = _first_calls(twin, detector.input)
    times: dict[str, int] = {}
    last = 0
    for name, part in twin.named_modules():
        last = calls.get(name, last)
        if _own(part):
            times[name] = last
    return tuple(sorted(times, key=times.__getitem__)[::-1])


def randomized(
    detector: DifferentiableDetector, layers: Collection[str], seed: int
) -> RandomizedDetector:
    """A copy of a detector in which these layers' parameters and statistics are randomized.

    Every tensor is sampled from a normal distribution with mean 0 and the root mean square of its
    trained values, whatever the module's own initializer is: the scale of signals stays near
    that of the trained network at any depth, and bare parameters have no initializer at all.
    Running variances, which must be positive, are sampled from their own values. The detector
    itself is not touched.

    Args:
        detector: to copy.
        layers: names from `layers_from_top`.
        seed: of the draws; a tensor gets the same one whichever other layers are randomized.
    """
    twin = copied(detector.module).eval().requires_grad_(False)
    chosen = frozenset(layers)
    drawn: set[int] = set()
    for name, part in twin.named_modules():
        for key, tensor in _own(part).items() if name in chosen else ():
            if id(tensor) not in drawn:
                drawn.add(id(tensor))
                rng = np.random.default_rng(seed_for(seed, "randomized", name, key))
                tensor.copy_(torch.from_numpy(_redrawn(key, tensor, rng)))
    layer, place = detector.target_layer, name_of(detector.module, detector.target_layer)
    if layer is not None and place is not None:
        layer = layer.within(twin.get_submodule(place))
    name = f"{detector.name}, {len(chosen)} layers random"
    return RandomizedDetector(name, detector.input, detector.capabilities, twin, layer)


def _first_calls(module: torch.nn.Module, spec: InputSpec) -> dict[str, int]:
    """When each part is called first."""
    calls: dict[str, int] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(*_: object) -> None:
            calls.setdefault(name, len(calls))

        return hook

    handles = [part.register_forward_pre_hook(note(name)) for name, part in module.named_modules()]
    planes = 3 if spec.color == "rgb" else 1
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad():
            module(torch.full((1, planes, *spec.grid.shape), 0.5, device=device))
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _own(part: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and running statistics that a module itself holds."""
    own: dict[str, torch.Tensor] = dict(part.named_parameters(recurse=False))
    buffers = dict(part.named_buffers(recurse=False))
    own |= {key: buffers[key] for key in _STATISTICS if key in buffers}
    return {key: tensor for key, tensor in own.items() if tensor.is_floating_point()}


def _redrawn(key: str, tensor: torch.Tensor, rng: np.random.Generator) -> FloatArray:
    values = tensor.detach().double().cpu().numpy()
    if key.endswith(_POSITIVE):
        return np.asarray(rng.choice(values, values.shape), dtype=np.float32)
    scale = float(np.sqrt(np.mean(values**2)))
    return np.asarray(scale * rng.standard_normal(values.shape), dtype=np.float32)
