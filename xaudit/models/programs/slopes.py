"""Slopes: whether the gradients that a model tells are those of its scores, as tried.

A program may cut itself off from its images in a part, or answer with numbers that were rounded.
Along some directions the change of the score itself is compared with what the gradient says.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

_DIRECTIONS = 6
_STEPS = (2.5e-4, 1e-3, 4e-3, 5e-5)
"""In units of the images, [0, 1]: for smooth scores any will do, kinks and rounding want others."""
_WRONG = 0.1
"""Of the changes themselves, root mean square over the directions."""


def slopes_hold(run: Callable[[torch.Tensor], torch.Tensor], image: torch.Tensor) -> bool:
    """Whether gradients predict how the logit changes.

    Args:
        run: (N, C, H, W) → (N,), differentiable.
        image: (1, C, H, W), to try.
    """
    pixels = image.clone().requires_grad_(True)
    with torch.enable_grad():
        logits = run(pixels)
    if not logits.requires_grad:
        return False
    (told,) = torch.autograd.grad(logits.sum(), pixels, allow_unused=True)
    if told is None or not bool(told.isfinite().all()):
        return False
    generator = torch.Generator().manual_seed(0)
    directions = [
        torch.randn(image.shape, generator=generator).to(image.device) for _ in range(_DIRECTIONS)
    ]
    expected = torch.stack([(told * direction).sum() for direction in directions]).double()
    return any(_close(run, image, directions, expected, step) for step in _STEPS)


def _close(
    run: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    directions: list[torch.Tensor],
    expected: torch.Tensor,
    step: float,
) -> bool:
    """Whether central differences of one step are what was expected."""
    with torch.no_grad():
        found = torch.stack(
            [
                (
                    run(image + step * direction).double() - run(image - step * direction).double()
                ).sum()
                for direction in directions
            ]
        ) / (2 * step)
    return float((found - expected).norm()) <= _WRONG * float(found.norm())
