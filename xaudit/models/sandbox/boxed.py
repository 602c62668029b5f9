"""A network whose code runs in a box: its parameters are here, what computes with them is there.

Whoever reads, copies or changes parameters, watches the target layer or differentiates finds what
a network of torch has, by the same names. Values cross the border.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from xaudit.core.case import FloatArray
from xaudit.core.detector import ModelFacts
from xaudit.errors import DetectorError
from xaudit.models.load import Offered
from xaudit.models.sandbox.box import Box
from xaudit.models.target_layers.layers import TargetLayer

_State = tuple[object, tuple[int, ...]]


class BoxedNetwork(torch.nn.Module):
    """The network; its parts are found by the names that they have in the box.

    Args:
        box: with the model in it.
    """

    def __init__(self, box: Box) -> None:
        super().__init__()
        # Names that no part of a network has.
        self._xaudit_box, self._xaudit_own = box, _Own()
        self._xaudit_order = [_part(self, name) for name in box.about.modules]
        self._xaudit_tensors = []
        for (name, kind, _), values in zip(box.about.tensors, box.parameters(), strict=True):
            holder, _, key = name.rpartition(".")
            part, tensor = _part(self, holder), torch.from_numpy(values)
            if kind == "parameter":
                part._parameters[key] = torch.nn.Parameter(tensor, requires_grad=False)
            else:
                part._buffers[key] = tensor
            self._xaudit_tensors.append((part, key))
        layer = box.about.layer
        # In a tuple torch does not take it for a part of its own.
        self._xaudit_layer = (_part(self, layer.place) if layer else None,)
        box.holds = self._xaudit_state()

    @property
    def facts(self) -> ModelFacts:
        """What the model in the box is, where it has another format than torch's."""
        return self._xaudit_box.about.model_facts

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) as declared by mean and std → (N, K)."""
        if not isinstance(planes, torch.Tensor):
            # Who follows the steps of a network by a stand-in for its images learns nothing here.
            raise TypeError(f"expected images, got {type(planes).__name__}")
        (layer,) = self._xaudit_layer
        watched = layer is not None and bool(layer._forward_hooks)
        call = _Call(self, planes, watched)
        if not call.differentiable:
            table, maps = call.scores()
            self._xaudit_walk(maps)
            return table
        passed = self._xaudit_walk(_Maps.apply(planes, call) if watched else None)  # type: ignore[no-untyped-call]
        outputs: torch.Tensor = _Outputs.apply(planes, passed, call)  # type: ignore[no-untyped-call]
        return outputs

    def _xaudit_walk(self, maps: torch.Tensor | None) -> torch.Tensor | None:
        """Call every part as the network does, so that who watches them sees their order."""
        passed = maps
        for part in self._xaudit_order:
            if part is self._xaudit_layer[0]:
                passed = part(maps)
            else:
                part(None)
        if maps is None or passed is None:
            return maps
        if not torch.equal(maps, passed):
            raise DetectorError(
                "a method changes what the target layer returns, which a model in the sandbox "
                "cannot take back; leave the method out, or say --no-sandbox"
            )
        return passed

    def _xaudit_values(self) -> list[torch.Tensor]:
        parts = ((part._parameters, part._buffers, key) for part, key in self._xaudit_tensors)
        found = (own.get(key, beside.get(key)) for own, beside, key in parts)
        return [one for one in found if one is not None]

    def _xaudit_state(self) -> _State:
        """Which copy it is, and how often its parameters were changed."""
        return self._xaudit_own, tuple(one._version for one in self._xaudit_values())

    def _xaudit_bring(self) -> None:
        """Let the model in the box have these parameters."""
        box, state = self._xaudit_box, self._xaudit_state()
        if box.holds != state:
            box.holds = box.last = None
            box.ask("parameters", [_plain(one) for one in self._xaudit_values()], [])
            box.holds = state


def offered_by(network: BoxedNetwork) -> Offered:
    """The target layer, whose outputs cross the border as feature maps, and what is offered."""
    about, (part,) = network._xaudit_box.about, network._xaudit_layer
    if about.layer is None or part is None:
        return None, about.capabilities
    layer = TargetLayer(about.layer.name, part, "channels_first", about.layer.grid)
    return layer, about.capabilities


class _Own:
    """Tells copies of a network apart."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Own:
        return _Own()


class _Part(torch.nn.Module):
    """Stands where the network has a part; what the target layer returns passes through it."""

    def forward(self, output: torch.Tensor | None) -> torch.Tensor | None:
        return output


def _part(network: torch.nn.Module, name: str) -> torch.nn.Module:
    """The part of this dotted name, made with those around it where it is not there."""
    part = network
    for key in name.split(".") if name else ():
        # Not `add_module`, which refuses names that a module of torch has as attributes.
        part = part._modules.setdefault(key, _Part())  # type: ignore[assignment]
    return part


class _Call:
    """Images on their way through the box, and back.

    Args:
        network: whose parameters count.
        planes: (N, C, H, W).
        features: whether somebody watches the target layer.
    """

    def __init__(self, network: BoxedNetwork, planes: torch.Tensor, features: bool) -> None:
        self._network, self._box = network, network._xaudit_box
        self._planes, self._device = _plain(planes), planes.device
        self._inputs, self._features = planes.requires_grad, features
        self._state = network._xaudit_state()
        offered = "gradients" in self._box.about.capabilities
        wanted = torch.is_grad_enabled() and (self._inputs or features)
        self.differentiable = offered and wanted
        self.table: torch.Tensor | None = None
        # Not the call itself, by which a network would hold on to its box.
        self._mark = object()

    def scores(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Outputs, (N, K), and what the target layer returns where somebody watches."""
        self._network._xaudit_bring()
        self._box.last = None
        return self._read("scores")

    def maps(self) -> torch.Tensor:
        """What the target layer returns, (N, F, h, w), in a pass that can be differentiated."""
        self.table, maps = self._passed()
        assert maps is not None
        return maps

    def outputs(self) -> torch.Tensor:
        """(N, K), in a pass that can be differentiated."""
        # Not kept: what is returned leads to its gradient, and from there to this call.
        table, self.table = self.table, None
        return self._passed()[0] if table is None else table

    def slopes(
        self, weights: torch.Tensor, inputs: bool, features: bool
    ) -> list[torch.Tensor | None]:
        """Derivatives with respect to the images and the target layer, where they are wanted."""
        if self._box.last is not self._mark:
            self._passed()
        shapes = [self._planes.shape] * inputs + [self._shape_of_maps] * features
        found = self._box.ask(
            "slopes", [_plain(weights)], shapes, inputs=inputs, features=features
        )  # fmt: skip
        here = [torch.from_numpy(one).to(self._device) for one in found]
        return [here.pop(0) if wanted else None for wanted in (inputs, features)]

    @property
    def _shape_of_maps(self) -> tuple[int | None, ...]:
        layer = self._box.about.layer
        return (len(self._planes), None, *layer.grid) if layer else ()

    def _passed(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self._network._xaudit_state() != self._state:
            raise RuntimeError("parameters were changed between a pass and its gradients")
        self._network._xaudit_bring()
        made = self._read("pass", inputs=self._inputs)
        self._box.last = self._mark
        return made

    def _read(self, what: str, **how: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
        shapes: list[tuple[int | None, ...]] = [(len(self._planes), None)]
        shapes += [self._shape_of_maps] * self._features
        made = self._box.ask(what, [self._planes], shapes, features=self._features, **how)
        table, *maps = (torch.from_numpy(one).to(self._device) for one in made)
        return table, maps[0] if maps else None


class _Maps(torch.autograd.Function):
    """What the target layer returns; slopes reach the images through `_Outputs` alone."""

    @staticmethod
    def forward(_ctx: Any, _planes: torch.Tensor, call: _Call) -> torch.Tensor:  # noqa: ANN401
        return call.maps()

    @staticmethod
    def backward(_ctx: Any, *_slopes: torch.Tensor) -> tuple[None, None]:  # noqa: ANN401
        return None, None


class _Outputs(torch.autograd.Function):
    """The outputs, as a function of the images and of what the target layer returns."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        _planes: torch.Tensor,
        _maps: torch.Tensor | None,
        call: _Call,
    ) -> torch.Tensor:
        ctx.call = call
        return call.outputs()

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        inputs, features, _ = ctx.needs_input_grad
        return (*ctx.call.slopes(slopes[0], inputs, features), None)


def _plain(tensor: torch.Tensor) -> FloatArray:
    # Not NumPy's, which makes a row of a single number.
    return np.asarray(tensor.detach().float().cpu().contiguous().numpy())
