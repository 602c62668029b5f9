"""Steps of a network's own code on a feature map between its last layer and its head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_METADATA = ("requires_grad_", "detach_")
"""They change a tensor, and not its values."""

_See = Callable[["LayerCall", torch.Tensor], torch.Tensor | None]


@dataclass(frozen=True, slots=True)
class LayerCall:
    """A call of a function after a layer, as it is found again in a copy of the network.

    Attributes:
        function: its name.
        shape: of what it returns, for one image.
        call: which of the calls that return this shape, counted from when the layer returned.
    """

    function: str
    shape: tuple[int, ...]
    call: int


class Calls(TorchFunctionMode):
    """Sees what functions return after a layer did; something else may go on in its place.

    Functions that a network calls in its own code, as DenseNet does with its last ReLU, are no
    layers that could be hooked.

    Args:
        see: gets each call and what it returned; returns what goes on instead, or None.
    """

    def __init__(self, see: _See) -> None:
        super().__init__()
        self._see = see
        self._times: Counter[tuple[str, tuple[int, ...]]] | None = None

    def restart(self) -> None:
        """The layer returned: count from here."""
        self._times = Counter()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  whatever the function returns
        """Call the function as if nobody watched."""
        given = kwargs or {}
        if self._times is None:
            return func(*args, **given)
        # An operator of an exported program has a variant behind its name: "relu_.default".
        name = func.__name__.partition(".")[0]
        if not _in_place(name, args, given):
            return self._shown(name, func(*args, **given))
        # It works on a copy, which is seen; what it was given gets the values of what goes on.
        copy = args[0].clone()
        output = func(copy, *args[1:], **given)
        if copy._version == 0:
            return self._shown(name, output)
        return args[0].copy_(self._shown(name, copy))

    def _shown(self, name: str, output: Any) -> Any:  # noqa: ANN401
        """What goes on instead of the output of a function."""
        if self._times is None or not isinstance(output, torch.Tensor) or output.ndim <= 2:
            return output
        shape = tuple(output.shape[1:])
        self._times[name, shape] += 1
        other = self._see(LayerCall(name, shape, self._times[name, shape]), output)
        return output if other is None else other


def _in_place(name: str, args: tuple[Any, ...], given: dict[str, Any]) -> bool:
    """Whether a function may overwrite its first argument, as names and switches tell."""
    if not args or not isinstance(args[0], torch.Tensor) or name in _METADATA:
        return False
    switched = given.get("inplace") is True or any(one is True for one in args[1:])
    written = name.startswith("__i") or name == "__setitem__"
    return switched or written or (name.endswith("_") and not name.endswith("__"))


@contextmanager
def passing(
    module: torch.nn.Module, step: LayerCall | None, through: Callable[[torch.Tensor], torch.Tensor]
) -> Iterator[None]:
    """While this is open, a feature map goes through a function before the network goes on.

    Args:
        module: the layer that returns it, or after which it is made.
        step: the call that makes it; None where the layer itself does.
        through: gets the feature map; what it returns goes on.
    """
    calls = Calls(lambda one, output: through(output) if one == step else None)

    def returned(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> object:
        if step is None:
            return through(output)
        calls.restart()
        return None

    handle = module.register_forward_hook(returned)
    try:
        with calls if step else nullcontext():
            yield
    finally:
        handle.remove()
