"""Holes filled from what is around them, without a trace of their shape."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d, interpolate, pad

_SWEEPS = 10
_MOST_SWEEPS = 80
_SOLVED = 64
"""Pixels of a grid up to which the system is solved outright: that costs less than a few sweeps."""


def imputed(
    image: torch.Tensor, gone: torch.Tensor, inside: torch.Tensor, views: int = 1
) -> torch.Tensor:
    """Every missing pixel the weighted mean of its eight neighbors, missing ones included.

    The linear system of ROAD (Rong et al. 2022, section 4.2), solved on a coarse grid and
    relaxed from there to finer ones for all images at once, close to the exact solution beside the
    noise that ROAD adds (tested). Padding is no neighbor. Where nothing is left, the mean
    of the image.

    Args:
        image: (C, H, W).
        gone: (N, H, W) bool, what is missing.
        inside: (H, W) bool, False on padding.
        views: that lie one under another and know nothing of each other.

    Returns:
        (N, C, H, W).
    """
    if views > 1:
        parts = zip(*(one.chunk(views, dim=-2) for one in (image, gone, inside)), strict=True)
        return torch.cat([imputed(*part) for part in parts], dim=-2)
    if not inside.any():
        return image.expand(len(gone), -1, -1, -1)
    known = (inside & ~gone)[:, None].to(image)
    room = inside.to(image).expand_as(known)
    level = image[:, inside].mean(dim=1)[None, :, None, None]
    return level + _filled((image - level) * known, known, room, _SWEEPS)


def _filled(
    values: torch.Tensor, known: torch.Tensor, room: torch.Tensor, sweeps: int
) -> torch.Tensor:
    """Values where they are known, relaxed elsewhere; each is 0 where unknown or outside.

    Coarser grids are swept twice as often at half the cost.
    """
    unknown = (known == 0) * room / _neighbors(room).clamp(min=1e-6)
    now = values * known
    if values.shape[-2:].numel() <= _SOLVED:
        return _solved(now, unknown)
    share = _halved(known)
    coarse = _filled(
        _halved(values) / share.clamp(min=1e-6),
        (share > 0).to(values),
        _halved(room).ceil(),
        min(2 * sweeps, _MOST_SWEEPS),
    )
    guess = interpolate(coarse, values.shape[-2:], mode="bilinear", align_corners=False)
    fixed, now = now, torch.where(known > 0, values, guess * room)
    for _ in range(sweeps):
        now = torch.addcmul(fixed, unknown, _neighbors(now))
    return now


def _solved(fixed: torch.Tensor, unknown: torch.Tensor) -> torch.Tensor:
    """The system itself; where no value is known in reach, 0.

    Args:
        fixed: (N, C, H, W), values where they are known, else 0.
        unknown: (N, 1, H, W), what the neighbors are multiplied with; 0 where a value is known.
    """
    count = fixed.shape[-2:].numel()
    unit = torch.eye(count).to(fixed)
    around = _neighbors(unit.view(count, 1, *fixed.shape[-2:])).flatten(1)
    # The last term keeps it solvable where nothing is known.
    matrix = unit - unknown.flatten(2).mT * around + 1e-6 * unit
    solved: torch.Tensor = torch.linalg.solve(matrix, fixed.flatten(2).mT)
    return solved.mT.reshape(fixed.shape)


def _halved(values: torch.Tensor) -> torch.Tensor:
    height, width = values.shape[-2:]
    return avg_pool2d(pad(values, (0, width % 2, 0, height % 2)), 2)


def _neighbors(values: torch.Tensor) -> torch.Tensor:
    """Neighbors by side count 1/6, by corner 1/12: (1 2 1) both ways, less the middle."""
    rows = 2 * values
    rows[..., 1:, :] += values[..., :-1, :]
    rows[..., :-1, :] += values[..., 1:, :]
    both = 2 * rows
    both[..., 1:] += rows[..., :-1]
    both[..., :-1] += rows[..., 1:]
    return (both - 4 * values) / 12
