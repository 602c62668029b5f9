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
from xaudit.models.spec import DetectorSpec

MODEL_FORMATS: Registry[Callable[..., Scores | torch.nn.Module]] = Registry(
    "model format", entry_points="xaudit.models", package="xaudit.models.readers"
)
"""Name of a format → what reads a file of it: ``read(path, **options)``.

What answers in NumPy is `Scores`; a module, (N, C, H, W) → (N, K), may show its layers too. Either
may have `facts`, see `ModelFacts`. A reader with the keyword ``spec`` gets the `DetectorSpec`.
"""
_SPEC = "spec"


def read_model(spec: DetectorSpec) -> torch.nn.Module:
    """Read a model of another format, as a network that torch can call.

    Args:
        spec: names the format, the file and the options of its reader.

    Raises:
        RegistryError: there is no such format.
        DetectorError: the reader has no such option, or cannot read the file.
    """
    read = MODEL_FORMATS[spec.format]
    _, *known = inspect.signature(read).parameters
    given = {_SPEC: spec} if _SPEC in known else {}
    known = [name for name in known if name != _SPEC]
    unknown = [name for name in spec.arguments if name not in known]
    if unknown:
        raise DetectorError(
            f"detector.arguments.{unknown[0]}: format {spec.format} has no such option; there is: "
            f"{', '.join(known) or 'none'}"
        )
    with foreign_code(f"{spec.weights}: cannot be read as {spec.format}"):
        model = read(spec.weights, **spec.arguments, **given)
    return model if isinstance(model, torch.nn.Module) else CalledNetwork(model, spec.format)


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
        self._scores, self._called = scores, called
        self.facts = facts_of(scores)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) as declared by mean and std → (N, K)."""
        if not isinstance(planes, torch.Tensor):
            # Who follows the steps of a network by a stand-in for its images learns nothing here.
            raise TypeError(f"expected images, got {type(planes).__name__}")
        with foreign_code(f"the model ({self._called}) failed on {len(planes)} images"):
            made: torch.Tensor = _Call.apply(planes, self._scores)  # type: ignore[no-untyped-call]
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
