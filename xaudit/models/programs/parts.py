"""A program of torch.export as a network whose layers can be watched, copied and changed.

``torch.export.unflatten`` finds the layers again. Its own modules cannot be copied where a batch
is dynamic (their graphs keep stand-ins of tensors, PyTorch 2.13), so their steps are taken over.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx.node import map_aggregate

from xaudit.models.programs.graph_steps import GraphStep, StepValue, as_called, steps_of
from xaudit.models.programs.known_layers import known_layer


class ProgramLayer(torch.nn.Module):
    """A layer of a program: its steps, with its own tensors and the layers that it calls.

    Args:
        steps: in order.
    """

    def __init__(self, steps: tuple[GraphStep, ...]) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, *inputs: Any) -> Any:  # noqa: ANN401  as the layer was called
        """Take the steps."""
        made: dict[str, Any] = {}
        given = iter(inputs)
        device = next(
            (input_.device for input_ in inputs if isinstance(input_, torch.Tensor)), None
        )
        for step in self.steps:
            if step.kind == "placeholder":
                made[step.name] = next(given)
                continue
            args, kwargs = (_filled(one, made, device) for one in (step.args, step.kwargs))
            if step.kind == "output":
                return args[0]
            made[step.name] = self._taken(step, args, kwargs)
            for name in step.done:
                del made[name]
        raise AssertionError("a graph ends with its output")

    def as_called(self) -> ProgramLayer:
        """Itself, calling what a network calls instead of operators."""
        self.steps = tuple(map(as_called, self.steps))
        return self

    def _taken(self, step: GraphStep, args: Any, kwargs: Any) -> Any:  # noqa: ANN401
        if step.kind == "get_attr":
            owner, _, name = step.target.rpartition(".")
            return getattr(self.get_submodule(owner), name)
        called = self.get_submodule(step.target) if step.kind == "call_module" else step.target
        return called(*args, **kwargs)


def parts_of(module: Any) -> ProgramLayer:  # noqa: ANN401  of torch.export.unflatten
    """A module of `torch.export.unflatten` with all within it; tensors are shared.

    The class of each part has the name that it had in the network, such as "LayerNorm".
    """
    name = (module.type_name() or "").rpartition(".")[2] if hasattr(module, "type_name") else ""
    kind = type(name if name.isidentifier() else "Part", (ProgramLayer,), {})
    part: ProgramLayer = kind(steps_of(module.graph) if hasattr(module, "graph") else ())
    for name, parameter in module.named_parameters(recurse=False):
        part.register_parameter(name, parameter)
    buffers = dict(module.named_buffers(recurse=False))
    constants = {name: one for name, one in vars(module).items() if isinstance(one, torch.Tensor)}
    for name, tensor in {**buffers, **constants}.items():
        part.register_buffer(name, tensor, persistent=name in buffers)
    for name, child in module.named_children():
        inner = parts_of(child)
        part.add_module(name, known_layer(inner) or inner.as_called())
    return part


def _filled(value: Any, made: dict[str, Any], device: torch.device | None) -> Any:  # noqa: ANN401
    """Arguments with what was made; tensors are made where the images are."""

    def fill(one: Any) -> Any:  # noqa: ANN401
        if isinstance(one, StepValue):
            return made[one.name]
        return device if isinstance(one, torch.device) and device is not None else one

    return map_aggregate(value, fill)
