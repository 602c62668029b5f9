"""A detector inside of the box, as questions ask for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from xaudit.core.detector import Stands
from xaudit.models.heads.class_logit import outputs_in_columns
from xaudit.models.sandbox.border import Border
from xaudit.models.torch_detector import TorchDetector

_COMPARED = 4
"""Questions after which a network that stands for a model is not held against it any more."""
_STAYING = {"boxes", "masks"}
"""What does not cross the border."""
_PICTURES = (None, None, None, None)
_VIEWS = (None, *_PICTURES)

Question = Mapping[str, Any]
Answer = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Graph:
    """A pass that can be differentiated."""

    planes: torch.Tensor
    table: torch.Tensor
    maps: torch.Tensor | None


class Served:
    """The network of a detector, its parameters and its target layer.

    Args:
        detector: loaded in this process.
        border: the memory that both sides see.
    """

    def __init__(self, detector: TorchDetector, border: Border) -> None:
        self._detector, self._border = detector, border
        self._network = detector.module.network
        self._graph: _Graph | None = None
        self._compared = 0

    def described(self) -> Answer:
        """What the other side has to know to stand for the network; parameters lie in memory."""
        detector, layer = self._detector, self._detector.target_layer
        tensors = _tensors(self._network)
        return {
            "arrays": self._border.put([_plain(tensor) for _, _, tensor in tensors]),
            "tensors": [[name, kind, list(tensor.shape)] for name, kind, tensor in tensors],
            "modules": self._called(),
            "layer": None if layer is None else {
                "name": layer.name,
                "place": next(
                    name for name, part in self._network.named_modules() if part is layer.module
                ),
                "grid": list(layer.grid),
            },
            "capabilities": sorted(detector.capabilities - _STAYING),
            "taken": dataclasses.asdict(detector.taken),
            "facts": dataclasses.asdict(detector.facts),
        }  # fmt: skip

    def answer(self, question: Question) -> Answer:
        """Do what is asked.

        Args:
            question: ``ask`` is "scores" (outputs, and what is read at the target layer where
                ``features`` says so), "pass" (the same, kept so that it can be differentiated;
                ``inputs`` says whether with respect to the images too), "slopes" (of the last
                pass), or "parameters" (new values for all of them).
        """
        asked: Callable[[Question], Answer] = {
            "scores": self._scores, "pass": self._pass, "slopes": self._slopes,
            "parameters": self._parameters,
        }[question["ask"]]  # fmt: skip
        return asked(question)

    def _scores(self, question: Question) -> Answer:
        planes, self._graph = self._planes(question), None
        with torch.inference_mode(), self._watched(question["features"]) as seen:
            table = self._table(output := self._network(planes), len(planes))
        if isinstance(self._network, Stands) and self._compared < _COMPARED:
            self._compared += 1
            if isinstance(output, torch.Tensor):
                self._network.compare(planes.contiguous().numpy(), output.numpy())
        return self._told(table, seen[-1:])

    def _pass(self, question: Question) -> Answer:
        planes = self._planes(question).requires_grad_(question["inputs"])
        with torch.enable_grad(), self._watched(question["features"]) as seen:
            table = self._table(self._network(planes), len(planes))
        self._graph = _Graph(planes, table, seen[-1] if seen else None)
        return self._told(table, seen[-1:])

    def _slopes(self, question: Question) -> Answer:
        graph = self._graph
        assert graph is not None
        (weights,) = self._border.get(question["arrays"], [tuple(graph.table.shape)])
        inputs, features = question["inputs"], question["features"]
        maps = [graph.maps] if features and graph.maps is not None else []
        found = torch.autograd.grad(
            graph.table,
            [graph.planes] * inputs + maps,
            torch.from_numpy(weights),
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        return self._told(None, found[inputs:], found[:inputs])

    def _parameters(self, question: Question) -> Answer:
        tensors = _tensors(self._network)
        self._graph = None
        values = self._border.get(question["arrays"], [tuple(one.shape) for _, _, one in tensors])
        with torch.no_grad():
            for (_, _, tensor), value in zip(tensors, values, strict=True):
                tensor.copy_(torch.from_numpy(value))
        return {"arrays": []}

    def _told(
        self,
        table: torch.Tensor | None,
        maps: Sequence[torch.Tensor],
        inputs: Sequence[torch.Tensor] = (),
    ) -> Answer:
        """Outputs or slopes of the images, and what belongs to the target layer as feature maps."""
        layer = self._detector.target_layer
        read = [layer.feature_map(one) for one in maps] if layer else []
        first = inputs if table is None else (table,)
        return {"arrays": self._border.put([_plain(one) for one in (*first, *read)])}

    def _table(self, output: object, images: int) -> torch.Tensor:
        """What crosses the border: outputs, (N, K), or the scores of what draws, (N, 1)."""
        return outputs_in_columns(self._detector.head, output, images).float()

    def _planes(self, question: Question) -> torch.Tensor:
        if self._detector.input.views is not None:
            # They were taken apart on the other side.
            return torch.from_numpy(*self._border.get(question["arrays"], [_VIEWS]))
        (planes,) = self._border.get(question["arrays"], [_PICTURES])
        return self._detector.module.entering(torch.from_numpy(planes))

    @contextmanager
    def _watched(self, features: bool) -> Iterator[list[torch.Tensor]]:
        """What is read at the target layer, as feature maps; the network goes on with a copy."""
        layer, seen = self._detector.target_layer, list[torch.Tensor]()
        if layer is None or not features:
            yield seen
            return

        def record(output: torch.Tensor) -> torch.Tensor:
            read = output
            if torch.is_grad_enabled() and not output.requires_grad:
                read = output.detach().requires_grad_(True)
            seen.append(read)
            return read.clone()

        with layer.passing(record):
            yield seen

    def _called(self) -> list[str]:
        """Names of the parts that are called, in order; the network itself apart."""
        spec, order = self._detector.input, dict[str, None]()
        noise = torch.rand(
            1, spec.channels, *spec.grid.shape, generator=torch.Generator().manual_seed(0)
        )
        handles = [
            part.register_forward_pre_hook(lambda *_, name=name: order.setdefault(name))
            for name, part in self._network.named_modules()
            if name
        ]
        try:
            with torch.no_grad():
                self._network(self._detector.module.entering(noise))
        finally:
            for handle in handles:
                handle.remove()
        return list(order)


def _tensors(network: torch.nn.Module) -> list[tuple[str, str, torch.Tensor]]:
    """Name, kind and values of parameters and of buffers that hold numbers with a point."""
    every = [
        *((name, "parameter", one) for name, one in network.named_parameters()),
        *((name, "buffer", one) for name, one in network.named_buffers()),
    ]
    return [(name, kind, one) for name, kind, one in every if one.is_floating_point()]


def _plain(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().float().contiguous().numpy()
