"""Convolutions that do more in one pass over memory, for networks on a CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import fold

# As oneDNN calls them, with what they need to know.
_ACTIVATIONS: Mapping[type[torch.nn.Module], tuple[str, list[float]]] = {
    torch.nn.ReLU: ("relu", []),
    torch.nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}


_NONE: tuple[str, list[float]] = ("none", [])


def known(activation: torch.nn.Module) -> bool:
    """Whether a convolution can apply this activation."""
    return type(activation) in _ACTIVATIONS


def simple(part: torch.nn.Module) -> bool:
    """Whether it is a convolution that this module can take over."""
    return (
        type(part) is torch.nn.Conv2d
        and part.padding_mode == "zeros"
        and not isinstance(part.padding, str)
        and part.weight.dtype == torch.float32
    )


class Convolution(torch.nn.Module):
    """A convolution and, if there is one, the activation after it.

    Its gradient is that of the images alone. Only the output is kept for it: what an activation
    lets through is read off what it returned.

    Args:
        convolution: see `simple`; the parameters are shared.
        activation: see `known`.
    """

    def __init__(
        self, convolution: torch.nn.Conv2d, activation: torch.nn.Module | None = None
    ) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self.stride, self.dilation = list(convolution.stride), list(convolution.dilation)
        # `simple` leaves no padding that is a word.
        self.padding = [int(one) for one in convolution.padding]
        self.groups = convolution.groups
        self._kind, self._scalars = _ACTIVATIONS[type(activation)] if activation else _NONE

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Like the two layers that it stands for."""
        if torch.is_grad_enabled() and images.requires_grad:
            output: torch.Tensor = _Differentiable.apply(images, self)  # type: ignore[no-untyped-call]
            return output
        return self.computed(images)

    def computed(self, images: torch.Tensor) -> torch.Tensor:
        """The output."""
        output: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            images, self.weight, self.bias, self.padding, self.stride, self.dilation, self.groups,
            self._kind, self._scalars, "",
        )  # fmt: skip
        return output

    @property
    def bent(self) -> bool:
        """Whether there is an activation."""
        return self._kind != "none"

    def before_activation(self, slopes: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Gradients with respect to what enters the activation."""
        bent: torch.Tensor
        if self._kind == "relu":
            bent = torch.ops.aten.threshold_backward(slopes, output, 0.0)
        else:
            bent = torch.ops.aten.hardtanh_backward(slopes, output, *self._scalars)
        return bent

    def before_convolution(self, slopes: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Gradients with respect to the images, from those of the convolution's output."""
        gradients: tuple[torch.Tensor, ...] = torch.ops.aten.convolution_backward(
            slopes, images, self.weight, None, self.stride, self.padding, self.dilation, False,
            [0, 0], self.groups, [True, False, False],
        )  # fmt: skip
        return gradients[0]


class FirstConvolution(Convolution):
    """A convolution of planes that all are the first one, scaled and shifted.

    It works on that plane alone, and on a plane of ones where something is shifted (outside the
    image both are zero, as all planes were). oneDNN's gradient of so few planes takes longer than
    those of ten layers behind it; here it is a product of matrices, whose columns are put back in
    their places.

    Args:
        convolution: see `simple`, in one group.
        activation: see `known`.
        scales: of each plane.
        shifts: of each plane.
    """

    def __init__(
        self,
        convolution: torch.nn.Conv2d,
        activation: torch.nn.Module | None,
        scales: torch.Tensor,
        shifts: torch.Tensor,
    ) -> None:
        super().__init__(convolution, activation)
        weight = convolution.weight.detach().double()
        planes = [torch.einsum("ocyx,c->oyx", weight, one.double()) for one in (scales, shifts)]
        self._shifted = bool(shifts.any())
        used = torch.stack(planes if self._shifted else planes[:1], dim=1).float()
        del self.weight
        self.weight: torch.Tensor
        self.register_buffer("weight", used.contiguous(memory_format=torch.channels_last))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Like the layers that it stands for."""
        return super().forward(images[:, :1])

    def computed(self, images: torch.Tensor) -> torch.Tensor:
        """The output, from the first plane."""
        if self._shifted:
            images = torch.cat([images, torch.ones_like(images)], dim=1)
        return super().computed(images.contiguous(memory_format=torch.channels_last))

    def before_convolution(self, slopes: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Gradients with respect to the first plane."""
        kernel = self.weight[:, 0]
        columns = kernel.flatten(1).T @ slopes.flatten(2)
        geometry: Any = (self.dilation, self.padding, self.stride)
        return fold(columns, tuple(images.shape[2:]), tuple(kernel.shape[1:]), *geometry)


class _Differentiable(torch.autograd.Function):
    """The two layers as one in the graph, too."""

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor, part: Convolution) -> torch.Tensor:  # noqa: ANN401
        output = part.computed(images)
        ctx.part = part
        ctx.save_for_backward(images, *[output] * part.bent)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401
        images, *outputs = ctx.saved_tensors
        for output in outputs:
            slopes = ctx.part.before_activation(slopes, output)
        return ctx.part.before_convolution(slopes, images), None
