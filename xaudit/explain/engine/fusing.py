"""The same network in fewer passes over memory: convolutions together with their neighbors."""

from __future__ import annotations

from typing import Any

import torch

from xaudit.explain.engine.batch_outcomes import PassPurpose, PassResult, run_batch
from xaudit.explain.engine.convolutions import Convolution, FirstConvolution, known, simple
from xaudit.explain.engine.detector import FeatureLayer
from xaudit.explain.engine.folding import copied, foldable_neighbors
from xaudit.explain.engine.input_channels import Planes, convolutions_of_one_plane

_RELATIVE, _ABSOLUTE = 1e-3, 1e-4
_SLOPES = 1e-2
"""Rounding may turn a ReLU that is almost at zero: the gradient of one image moves more."""


def fused(module: torch.nn.Module, image: torch.Tensor, kept: str | None = None) -> torch.nn.Module:
    """The same network, its activations part of its convolutions, and gray images in one plane.

    Only on a CPU, where PyTorch hands a convolution and its activation to oneDNN at once. An
    activation is taken over where tracing shows that it alone reads the convolution. A
    convolution to which every channel shows the image works on the first. Parameters are shared
    otherwise.

    Args:
        module: in evaluation mode, batch norms folded; not changed.
        image: (1, C, H, W) of noise, to try the copy.
        kept: name of a layer that returns what it did.

    Returns:
        The copy; the network itself where nothing can be fused or the logit differs.
    """
    if image.device.type != "cpu" or not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return module
    twin = copied(module, shared=[*module.parameters(), *module.buffers()])
    planes = convolutions_of_one_plane(twin, image)
    readers = _readers(twin, kept)
    names = [name for name in {**planes, **readers} if name != kept]
    for name in names:
        _replace(twin, name, readers.get(name), planes.get(name))
    return twin if names and _same(module, twin, image) else module


def alike(
    module: torch.nn.Module,
    layer: FeatureLayer | None,
    other: torch.nn.Module,
    same_layer: FeatureLayer | None,
    image: torch.Tensor,
) -> bool:
    """Whether two networks have the same gradients, and the same output of a layer.

    Args:
        module: a network.
        layer: its target layer.
        other: the other network.
        same_layer: the layer in it.
        image: (1, C, H, W), to try both.
    """
    wanted = PassPurpose(gradients=True, features=layer is not None)
    pair = ((module, layer), (other, same_layer))
    outcomes = [run_batch(forward, at, image.clone(), wanted) for forward, at in pair]
    return all(_close(*parts) for parts in zip(*map(_parts, outcomes), strict=True))


def _parts(outcome: PassResult) -> list[torch.Tensor]:
    found = (outcome.gradients, outcome.activations, outcome.activation_gradients)
    return [one for one in found if one is not None]


def _close(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    return float((tensor - other).norm()) <= _SLOPES * float(tensor.norm())


def _replace(twin: torch.nn.Module, name: str, reader: str | None, planes: Planes | None) -> None:
    # The types are those that `simple` and `known` found.
    part: Any = twin.get_submodule(name)
    activation = twin.get_submodule(reader) if reader else None
    if planes:
        new: Convolution = FirstConvolution(part, activation, planes.scales, planes.shifts)
    else:
        new = Convolution(part, activation)
    twin.set_submodule(name, new)
    if reader:
        twin.set_submodule(reader, torch.nn.Identity())


def _readers(twin: torch.nn.Module, kept: str | None) -> dict[str, str]:
    """Convolution → the activation that alone reads it, also through what folding left behind."""
    following = dict(foldable_neighbors(twin))
    readers = {}
    for convolution, reader in following.items():
        left_behind = type(twin.get_submodule(reader)) is torch.nn.Identity
        activation = following.get(reader, reader) if left_behind else reader
        # Between the two the feature map is another one than before.
        between = kept in {convolution, reader} and kept != activation
        if known(twin.get_submodule(activation)) and not between:
            readers[convolution] = activation
    return {one: other for one, other in readers.items() if simple(twin.get_submodule(one))}


def _same(module: torch.nn.Module, twin: torch.nn.Module, image: torch.Tensor) -> bool:
    """Whether both say the same of one image and of several, also beyond black and white."""
    with torch.inference_mode():
        for images in (image, torch.cat([1 - image, image / 2, 3 * image - 1])):
            one, other = (torch.as_tensor(each(images)) for each in (module, twin))
            if not torch.allclose(one, other, rtol=_RELATIVE, atol=_ABSOLUTE):
                return False
    return True
