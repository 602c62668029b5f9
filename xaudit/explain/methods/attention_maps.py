"""Attention maps: how the patches of a vision transformer reach the token that is classified."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.grid import LARGEST_STRETCH, stretch, token_grid
from xaudit.core.message import Message
from xaudit.errors import ExplainerError
from xaudit.explain.engine.passes import Direct
from xaudit.explain.methods.attention import Attention, attention_of
from xaudit.explain.methods.cam import upsampled
from xaudit.explain.port import Context, Explainer, Steps, explainer


@dataclass(frozen=True, slots=True)
class _AttentionMap(Explainer):
    """Relevance of each patch for the tokens that the logit reads, brought to the input grid.

    The logit reads the class token, or the mean of the patches; which one is seen from the
    gradient at the last attention layer. The map records it as ``reads``.
    """

    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})

    def cost(self) -> tuple[int, int]:
        """One pass forward, one backward."""
        return 1, 1

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        if case.grid.views > 1:
            raise ExplainerError(
                "attention is read over the patches of one image; a detector of several views has "
                "patches of each: leave attention maps out of explain.methods"
            )
        layers = yield Direct(lambda evaluator: attention_of(evaluator, case.image))
        size = (case.inside.shape[0], case.inside.shape[1])
        count = layers[-1].weights.shape[-1]
        rows, columns = _grid(count, size)
        prefix = count - rows * columns
        read = _read_tokens(layers[-1], prefix)
        relevance = self.relevance(layers)[read, prefix:].mean(axis=0).reshape(rows, columns)
        return self.map_of(
            case,
            upsampled(relevance, case.inside.shape),
            attention_layers=len(layers),
            reads="patches" if read[prefix:].any() else "class token",
        )

    @staticmethod
    @abstractmethod
    def relevance(layers: Sequence[Attention]) -> FloatArray:
        """How much each token (row) draws from each token of the input (column); (T, T)."""


@explainer("attention_rollout")
@dataclass(frozen=True, slots=True)
class AttentionRollout(_AttentionMap):
    """Attention rollout: attention of all layers multiplied, each with its skip connection.

    It knows no class: never negative, and the same whether a patch speaks for or against a
    fracture. A detector with randomized head weights gets the same map.

    Raises:
        ExplainerError: the detector has no global self-attention over one grid of patches.

    References:
        Abnar and Zuidema, Quantifying Attention Flow in Transformers, ACL 2020, equation 1 and
        section 3 (A = 0.5 W + 0.5 I).
    """

    question: ClassVar[str] = Message(
        "From which patches does information flow to what is classified?"
    )

    @staticmethod
    def relevance(layers: Sequence[Attention]) -> FloatArray:
        """Equation 1."""
        identity = np.eye(layers[0].weights.shape[-1])
        flow = identity
        for layer in layers:
            mixed = layer.weights.mean(axis=0, dtype=np.float64) + identity
            flow = mixed / mixed.sum(axis=1, keepdims=True) @ flow
        return flow.astype(np.float32)


@explainer("gradient_weighted_attention")
@dataclass(frozen=True, slots=True)
class GradientWeightedAttention(_AttentionMap):
    """Gradient-weighted attention: only attention that raises the logit is followed.

    Never negative: patches that speak against a fracture are left out.

    Raises:
        ExplainerError: the detector has no global self-attention over one grid of patches.

    References:
        Chefer, Gur and Wolf, Generic Attention-model Explainability for Interpreting Bi-Modal
        and Encoder-Decoder Transformers, ICCV 2021, equations 5 and 6.
    """

    question: ClassVar[str] = Message("Which patches raise the logit along the paths of attention?")

    @staticmethod
    def relevance(layers: Sequence[Attention]) -> FloatArray:
        """Equations 5 and 6."""
        total = np.eye(layers[0].weights.shape[-1])
        for layer in layers:
            raising = np.maximum(layer.gradients.astype(np.float64) * layer.weights, 0)
            total = total + raising.mean(axis=0) @ total
        return total.astype(np.float32)


def _grid(count: int, size: tuple[int, int]) -> tuple[int, int]:
    grid = token_grid(count, size)
    if grid is None or stretch(grid, size) > LARGEST_STRETCH:
        raise ExplainerError(
            f"expected {count} tokens to be a few class tokens and a grid of patches over "
            f"{size[0]} x {size[1]} pixels, found no such grid; choose gradcam or another method"
        )
    return grid


def _read_tokens(last: Attention, prefix: int) -> BoolArray:
    """The tokens after the last layer that the logit depends on; (T,).

    Where it depends on patches it is taken to pool them. Without any gradient the convention
    decides: the tokens in front, or all patches where there are none.
    """
    moving = np.abs(last.gradients).sum(axis=(0, 2)) > 0
    patches = np.arange(len(moving)) >= prefix
    if not prefix or (moving & patches).any():
        return patches
    return moving if moving.any() else ~patches
