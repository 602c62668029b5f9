"""Attention layers of a transformer, recorded while one image passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from xaudit.core.case import FloatArray
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator

_SOFTMAX = frozenset(
    {torch.softmax, torch.Tensor.softmax, torch.special.softmax, functional.softmax}
)
_FUSED_OPTIONS = ("attn_mask", "dropout_p", "is_causal")


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """One self-attention layer on one image; T is the number of tokens.

    Attributes:
        weights: (heads, T, T), each row adds up to 1: how much a token takes from each token.
        gradients: (heads, T, T), the derivative of the logit with respect to the weights.
    """

    weights: FloatArray
    gradients: FloatArray


def attention_of(evaluator: Evaluator, image: FloatArray) -> list[Attention]:
    """Pass one image forward and backward and read every attention layer that the logit uses.

    Fused attention is computed step by step meanwhile, so that its weights exist: the function
    is the same up to rounding. Attention written by hand is known by its softmax.

    Args:
        evaluator: whose detector is read.
        image: (C, H, W).

    Returns:
        The layers in the order in which they ran.

    Raises:
        ExplainerError: there is no attention, it stays in the sandbox, or it is not one global
            self-attention over the same tokens in every layer.
    """
    if evaluator.sandboxed:
        raise ExplainerError(
            "what layers attend to does not cross the border of the sandbox, in which this "
            "detector runs; leave attention methods out of explain.methods, or say --no-sandbox"
        )
    with _Recorder() as recorder:
        logit = evaluator.open_logit(image)
    maps = [map_ for map_ in recorder.maps if map_.requires_grad]
    slopes = torch.autograd.grad(logit, maps, allow_unused=True) if maps else ()
    both = zip(maps, slopes, strict=True)
    pairs = [(one, slope) for one, slope in both if slope is not None]
    _check([one.shape for one, _ in pairs])
    return [Attention(_heads(one), _heads(slope)) for one, slope in pairs]


class _Recorder(TorchFunctionMode):
    """Keeps the attention weights that torch computes while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.maps: list[torch.Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  whatever torch's function returns
        options = dict(kwargs or {})
        if func is functional.scaled_dot_product_attention:
            return self._fused(*args, **options)
        if func is functional.multi_head_attention_forward:
            with self:
                return _opened(func)(*args, **options)
        result = func(*args, **options)
        if func in _SOFTMAX and _over_tokens(result, options.get("dim", [*args, None, None][1])):
            self.maps.append(result)
        return result

    def _fused(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        *positional: Any,  # noqa: ANN401  as torch takes them
        **options: Any,  # noqa: ANN401
    ) -> torch.Tensor:
        """Attention as torch's documentation spells it out, with the weights recorded."""
        options.update(zip(_FUSED_OPTIONS, positional, strict=False))
        if options.get("enable_gqa"):
            groups = query.shape[-3] // key.shape[-3]
            key, value = (one.repeat_interleave(groups, -3) for one in (key, value))
        scale = options.get("scale")
        scores = (
            query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
        )
        weights = torch.softmax(_masked(scores, options), dim=-1)
        self.maps.append(weights)
        return torch.dropout(weights, options.get("dropout_p", 0.0), train=True) @ value


def _masked(scores: torch.Tensor, options: Mapping[str, Any]) -> torch.Tensor:
    mask: torch.Tensor | None = options.get("attn_mask")
    if options.get("is_causal"):
        mask = torch.ones_like(scores, dtype=torch.bool).tril()
    if mask is None:
        return scores
    if mask.dtype == torch.bool:
        return scores.masked_fill(~mask, float("-inf"))
    return scores + mask


def _opened(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of torch whose inner calls are seen too.

    torch switches a mode off inside every function that it has handed to it. The twin does not
    ask for modes at its door, so the same mode can watch what happens behind it.
    """
    assert isinstance(function, FunctionType)
    names = {**function.__globals__, "has_torch_function": lambda _: False}
    return FunctionType(function.__code__, names, function.__name__, function.__defaults__)


def _over_tokens(result: torch.Tensor, dim: int | None) -> bool:
    """Whether a softmax has the form of self-attention: (…, T, T), over the last dimension."""
    square = result.ndim >= 3 and result.shape[-1] == result.shape[-2]
    return square and dim in {-1, result.ndim - 1}


def _check(shapes: Sequence[torch.Size]) -> None:
    """Refuse attention from which no path of tokens can be followed through the layers."""
    if not shapes:
        raise ExplainerError(
            "expected a transformer, found no self-attention that the logit depends on (what a "
            "compiled model computes cannot be seen); leave attention methods out of "
            "explain.methods for this detector"
        )
    # One image was passed, so everything before (heads, T, T) counts windows or groups.
    if any(prod(shape[:-3]) != 1 for shape in shapes):
        raise ExplainerError(
            "attention works in windows, as in Swin: tokens of different windows never meet, so "
            "layers cannot be multiplied; choose gradcam or another method instead"
        )
    if any(shape[-1] != shape[-2] for shape in shapes):
        raise ExplainerError(
            "a layer attends from some tokens to others (cross-attention or attention pooling), "
            "expected self-attention in every layer; choose gradcam or another method instead"
        )
    counts = sorted({shape[-1] for shape in shapes})
    if len(counts) > 1:
        raise ExplainerError(
            f"attention layers differ in their number of tokens ({', '.join(map(str, counts))}), "
            "expected the same tokens in every layer; choose gradcam or another method instead"
        )


def _heads(attention: torch.Tensor) -> FloatArray:
    """(1, …, heads, T, T) → (heads, T, T)."""
    table = attention.detach().float().cpu().numpy()
    return np.asarray(table.reshape(-1, *table.shape[-2:]))
