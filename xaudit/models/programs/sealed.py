"""A program as a network whose layers cannot be watched, while its tensors are seen.

Hooks on parts of a TorchScript program are refused or never called, and those on a part that works
piece by piece are called too often. So the parts are hidden: nothing can be hooked, folded or
traced. What stands for them has their names and holds their tensors, the same ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch


class Sealed(torch.nn.Module):
    """A hidden network; (N, C, H, W) → what it returns.

    Args:
        inner: the network; its parameters take no gradient from now on.
        batch: images that it takes at once, no more and no fewer; None for any number.
    """

    def __init__(self, inner: torch.nn.Module, batch: int | None = None) -> None:
        super().__init__()
        # In a tuple, so that it is no part of this module.
        self._inner, self._batch = (inner,), batch
        self._show()

    @property
    def inner(self) -> torch.nn.Module:
        """The hidden network."""
        return self._inner[0]

    def forward(self, planes: torch.Tensor) -> Any:  # noqa: ANN401  what the program returns
        """Call it, in the number format of its weights and, where it has to be, piece by piece."""
        if not isinstance(planes, torch.Tensor):
            # Who follows the steps of a network by a stand-in for its images learns nothing here.
            raise TypeError(f"expected images, got {type(planes).__name__}")
        planes = planes.to(number_format(self.inner))
        if self._batch is None or len(planes) == self._batch:
            return self.called(planes)
        return self._in_pieces(planes, self._batch)

    def called(self, planes: torch.Tensor) -> Any:  # noqa: ANN401
        """The program itself."""
        return self.inner(planes)

    def _in_pieces(self, planes: torch.Tensor, batch: int) -> Any:  # noqa: ANN401
        """Pieces of one size; the last is filled up with its last image, and cut again."""
        outputs = []
        for piece in planes.split(batch):  # type: ignore[no-untyped-call]
            fill = piece[-1:].expand(batch - len(piece), -1, -1, -1)
            output = self.called(torch.cat([piece, fill]))
            if not isinstance(output, torch.Tensor) or len(output) != batch:
                return output
            outputs.append(output[: len(piece)])
        return torch.cat(outputs)

    def train(self, mode: bool = True) -> Sealed:
        """Set the mode of the program too."""
        self.inner.train(mode)
        return super().train(mode)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Sealed:
        """Move or convert the program's tensors, and stand for them again."""
        self.inner._apply(fn)  # type: ignore[no-untyped-call]
        self._show()
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Sealed:
        """With a copy of the program, whose tensors are its own."""
        twin = type(self)(copy.deepcopy(self.inner, memo), self._batch)
        memo[id(self)] = twin
        return twin.train(self.training)

    def _show(self) -> None:
        for parameter in self.inner.parameters():
            parameter.requires_grad_(False)
        stand_in = _stand_in(self.inner)
        # Under the names that they have in the network, whatever those are.
        self._modules, self._parameters = stand_in._modules, stand_in._parameters
        self._buffers = stand_in._buffers


def number_format(network: torch.nn.Module) -> torch.dtype:
    """Of the first tensor of floats that a network holds; float32 without one."""
    tensors = chain(network.parameters(), network.buffers())
    return next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), torch.float32)


def _stand_in(part: torch.nn.Module) -> torch.nn.Module:
    """Modules of the same names, which are never called, with the same tensors."""
    stand_in = torch.nn.Module()
    for name, tensor in part.named_parameters(recurse=False):
        parameter = isinstance(tensor, torch.nn.Parameter)
        stand_in.register_parameter(
            name, tensor if parameter else torch.nn.Parameter(tensor.detach(), requires_grad=False)
        )
    for name, buffer in part.named_buffers(recurse=False):
        stand_in.register_buffer(name, buffer)
    for name, child in part.named_children():
        stand_in.add_module(name, _stand_in(child))
    return stand_in
