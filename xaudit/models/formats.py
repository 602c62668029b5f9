"""Model formats besides weights of an architecture: what answers with scores is a detector."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from xaudit.core.case import FloatArray
from xaudit.core.detector import Gradients, ModelFacts, Scores
from xaudit.core.registry import Registry
from xaudit.errors import DetectorError
from xaudit.models.foreign import foreign_code
from xaudit.models.options import SPEC, checked_options
from xaudit.models.remote.permission import asked, refused, unread, variables
from xaudit.models.spec import DetectorSpec

MODEL_FORMATS: Registry[Callable[..., Scores | torch.nn.Module]] = Registry(
    "model format", entry_points="xaudit.models", package="xaudit.models.readers"
)
"""Name of a format → what reads a file of it: ``read(path, **options)``.

What answers in NumPy is `Scores`; a module, (N, C, H, W) → (N, K), may show its layers too. Either
may have `facts`, see `ModelFacts`. A reader with the keyword ``spec`` gets the `DetectorSpec`.
"""


def read_model(spec: DetectorSpec) -> torch.nn.Module:
    """Read a model of another format, as a network that torch can call.

    Args:
        spec: names the format, the file and the options of its reader.

    Raises:
        RegistryError: there is no such format.
        DetectorError: the reader has no such option, or cannot read the file.
    """
    read = MODEL_FORMATS[spec.format]
    file, *_ = inspect.signature(read).parameters.values()
    if spec.weights is None and file.default is inspect.Parameter.empty:
        raise DetectorError(f"format {spec.format} is read from a file: name it as weights")
    # First: a value with a secret in it is refused without being repeated.
    _refuse_unpermitted(spec)
    options = checked_options(read, spec.format, spec.arguments)
    with foreign_code(f"{spec.weights or 'it'}: cannot be read as {spec.format}"):
        model = read(spec.weights, **options, **_declared(read, spec))
    return model if isinstance(model, torch.nn.Module) else CalledNetwork(model, spec.format)


def _declared(read: Callable[..., object], spec: DetectorSpec) -> dict[str, DetectorSpec]:
    """The whole declaration, for a reader that asks for it."""
    return {SPEC: spec} if SPEC in inspect.signature(read).parameters else {}


def _refuse_unpermitted(spec: DetectorSpec) -> None:
    name = asked(spec.format, spec.arguments, spec.weights)
    told = None if name is None else refused(name, spec.allow_code)
    told = told or unread(variables(spec.format, spec.arguments).values(), spec.env)
    if told:
        raise DetectorError(told)


def facts_of(model: object) -> ModelFacts:
    """What a model says of itself; nothing where it has no `facts`."""
    facts = getattr(model, "facts", None)
    return facts if isinstance(facts, ModelFacts) else ModelFacts()


class CalledNetwork(torch.nn.Module):
    """A model outside of torch, called as it is; differentiable where it tells its gradients.

    Args:
        scores: (N, C, H, W) → (N, K), in NumPy.
        called: how errors name it.
    """

    def __init__(self, scores: Scores, called: str) -> None:
        super().__init__()
        self.scores, self._called = scores, called
        self.facts = facts_of(scores)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) as declared by mean and std → (N, K)."""
        if not isinstance(planes, torch.Tensor):
            # Who follows the steps of a network by a stand-in for its images learns nothing here.
            raise TypeError(f"expected images, got {type(planes).__name__}")
        with foreign_code(f"the model ({self._called}) failed on {len(planes)} images"):
            made: torch.Tensor = _Call.apply(planes, self.scores)  # type: ignore[no-untyped-call]
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> CalledNetwork:
        """Itself: it has no parameters that a copy could change, and may not be copied."""
        return self


class _Call(torch.autograd.Function):
    """The model forward, and backward if it can."""

    @staticmethod
    def forward(ctx: Any, planes: torch.Tensor, scores: Scores) -> torch.Tensor:  # noqa: ANN401
        ctx.planes, ctx.scores = _plain(planes), scores
        made = torch.from_numpy(np.ascontiguousarray(scores(ctx.planes))).to(planes.device)
        if not isinstance(scores, Gradients):
            ctx.mark_non_differentiable(made)
        return made

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401
        found = ctx.scores.gradients(ctx.planes, _plain(slopes[0]))
        return torch.from_numpy(np.ascontiguousarray(found)).to(slopes[0].device), None


def _plain(tensor: torch.Tensor) -> FloatArray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
