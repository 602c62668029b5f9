"""Convolutions that apply the activation after them: one pass over memory instead of two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from xaudit.explain.folding import copied, foldable_neighbors

# As oneDNN calls them, with what they need to know.
_ACTIVATIONS: Mapping[type[torch.nn.Module], tuple[str, list[float]]] = {
    torch.nn.ReLU: ("relu", []),
    torch.nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4


def fused(module: torch.nn.Module, image: torch.Tensor) -> torch.nn.Module:
    """The same network for passes without gradients, its activations part of its convolutions.

    Only on a CPU, where PyTorch hands both to oneDNN at once. An activation is taken over where
    tracing shows that it alone reads the convolution. The parameters are shared.

    Args:
        module: in evaluation mode, batch norms folded; not changed.
        image: (1, C, H, W), to try the copy.

    Returns:
        The copy; the network itself where nothing can be fused or the logit differs.
    """
    if image.device.type != "cpu" or not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return module
    twin = copied(module, shared=[*module.parameters(), *module.buffers()])
    pairs = _pairs(twin)
    for convolution, activation in pairs.items():
        kind, scalars = _ACTIVATIONS[type(twin.get_submodule(activation))]
        plain: Any = twin.get_submodule(convolution)
        twin.set_submodule(convolution, _Fused(plain, kind, scalars))
        twin.set_submodule(activation, torch.nn.Identity())
    return twin if pairs and _same(module, twin, image) else module


class _Fused(torch.nn.Module):
    """A convolution and what follows it."""

    def __init__(self, convolution: torch.nn.Conv2d, kind: str, scalars: list[float]) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self._geometry = (
            list(convolution.padding), list(convolution.stride), list(convolution.dilation),
            convolution.groups,
        )  # fmt: skip
        self._kind, self._scalars = kind, scalars

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Like the two layers that it stands for."""
        output: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            images, self.weight, self.bias, *self._geometry, self._kind, self._scalars, ""
        )
        return output


def _pairs(twin: torch.nn.Module) -> dict[str, str]:
    """Convolution → the activation that alone reads it, also through what folding left behind."""
    following = dict(foldable_neighbors(twin))
    pairs = {}
    for convolution, reader in following.items():
        left_behind = type(twin.get_submodule(reader)) is torch.nn.Identity
        activation = following.get(reader, reader) if left_behind else reader
        known = type(twin.get_submodule(activation)) in _ACTIVATIONS
        if known and _simple(twin.get_submodule(convolution)):
            pairs[convolution] = activation
    return pairs


def _simple(part: torch.nn.Module) -> bool:
    return (
        type(part) is torch.nn.Conv2d
        and part.padding_mode == "zeros"
        and not isinstance(part.padding, str)
        and part.weight.dtype == torch.float32
    )


def _same(module: torch.nn.Module, twin: torch.nn.Module, image: torch.Tensor) -> bool:
    """Whether both say the same of one image and of several."""
    with torch.inference_mode():
        for images in (image, torch.cat([image, 1 - image, image / 2])):
            one, other = (torch.as_tensor(each(images)) for each in (module, twin))
            if not torch.allclose(one, other, rtol=_RELATIVE, atol=_ABSOLUTE):
                return False
    return True
