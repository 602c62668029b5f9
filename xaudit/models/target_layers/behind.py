"""Steps behind a layer: a network's own code between its last feature map and the pooling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch

from xaudit.models.target_layers.steps import Calls, LayerCall

_COARSENS = "max_pool2d"


class Behind:
    """The function calls behind a layer, in the code of the modules around it.

    What another module does inside is its own: a pooling that takes powers still pools.

    Args:
        network: to be called.
        name: of the layer, dotted.
        places: axes of its output along which the feature map extends.
        feature_map: of such an output; a transformer's class token has no place in it.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        name: str,
        places: tuple[int, ...],
        feature_map: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        self._network, self._name = network, name
        self._places, self._feature_map = places, feature_map
        self._at_work: set[str] = set()
        self._output = torch.empty(0)
        self._found: list[tuple[LayerCall, torch.Tensor]] = []

    def last_step(
        self, run: Callable[[torch.Tensor], torch.Tensor], image: torch.Tensor
    ) -> LayerCall | None:
        """The last call that returns a feature map which the logit reads; None without one.

        The feature map has the places of the layer's, or is max-pooled: an average over some places
        would only be a coarser view of the same.

        Args:
            run: images → logits, through the network.
            image: (1, C, H, W), to try.
        """
        with self._watched():
            logits = run(image.clone().requires_grad_(True)).sum()
        found = [feature_map for _, feature_map in self._found]
        slopes = torch.autograd.grad(logits, found, allow_unused=True) if found else ()
        read = [
            step
            for (step, _), slope in zip(self._found, slopes, strict=True)
            if slope is not None and bool(self._feature_map(slope).any())
        ]
        return read[-1] if read else None

    def _see(self, step: LayerCall, output: torch.Tensor) -> torch.Tensor | None:
        if self._at_work or not output.requires_grad or not self._is_feature_map(step, output):
            return None
        self._found.append((step, output))
        return output.clone()

    def _is_feature_map(self, step: LayerCall, output: torch.Tensor) -> bool:
        """Whether a function returned a feature map, and one that it was not given."""
        before = self._found[-1][1] if self._found else self._output
        if output.ndim != before.ndim or len(output) != len(before):
            return False
        sizes = [output.shape[axis] for axis in self._places]
        if sizes != [before.shape[axis] for axis in self._places]:
            return step.function == _COARSENS and output.ndim == 4 and min(sizes) > 1
        return not torch.equal(output, before)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        calls = Calls(self._see)

        def returned(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> object:
            self._output = output.detach()
            self._found.clear()
            calls.restart()
            # A copy goes on, so that what works in place does not overwrite the record.
            return output.clone()

        with ExitStack() as stack:
            for name, part in self._network.named_modules():
                if name and not self._name.startswith(f"{name}."):
                    self._note(stack, name, part)
            layer = self._network.get_submodule(self._name)
            stack.callback(layer.register_forward_hook(returned).remove)
            with calls:
                yield

    def _note(self, stack: ExitStack, name: str, part: torch.nn.Module) -> None:
        """Know when a module is at work."""
        begin = part.register_forward_pre_hook(lambda *_: self._at_work.add(name))
        end = part.register_forward_hook(lambda *_: self._at_work.discard(name), always_call=True)
        stack.callback(begin.remove)
        stack.callback(end.remove)
