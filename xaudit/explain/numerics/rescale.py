"""DeepLIFT's rescale rule for the activations that captum has no rule for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from xaudit.explain.numerics.libraries import library

ELEMENTWISE: tuple[type[nn.Module], ...] = (
    nn.ReLU6, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU, nn.Mish, nn.SELU,
    nn.CELU, nn.PReLU, nn.LogSigmoid, nn.Softsign, nn.Softshrink, nn.Hardshrink, nn.Tanhshrink,
    nn.Threshold,
)  # fmt: skip
"""Each output depends on one input, so that its difference can be handed back as a whole."""


@contextmanager
def every_activation_rescaled() -> Iterator[tuple[type[nn.Module], ...]]:
    """While this is open, captum's DeepLIFT has its rescale rule for these activations too.

    Yields the layers that have a rule.

    captum 0.9 takes the plain gradient of a layer that its table does not list, without a word.
    The rule itself, the difference of the output over that of the input, holds for any function
    of one number.
    """
    captum = library("captum.attr._core.deep_lift")
    table = captum.SUPPORTED_NON_LINEAR
    added = [kind for kind in ELEMENTWISE if kind not in table]
    table.update(dict.fromkeys(added, captum.nonlinear))
    try:
        yield tuple(table)
    finally:
        for kind in added:
            del table[kind]
