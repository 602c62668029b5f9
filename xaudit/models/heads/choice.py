"""Choice of the boxes that count: those that are sure enough, without doubles."""

from __future__ import annotations

import torch

from xaudit.models.heads.candidates import Candidates, Layout
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.torchvision_operators import non_maximum_suppression

_ENTERING = 3000
"""The best candidates of an image, which alone are set against each other."""


def chosen(found: Candidates, spec: BoxesSpec, layout: Layout) -> torch.Tensor:
    """Which candidates are drawn, the best first; (B,) whole numbers.

    Args:
        found: on one image.
        spec: threshold, IoU and number.
        layout: what its makers do where nothing is declared.
    """
    ratings = found.ratings.detach()
    sure = torch.nonzero(ratings >= spec.floor).flatten()
    order = sure[ratings[sure].argsort(descending=True, stable=True)]
    overlap = spec.nms if spec.nms is not None else layout.nms
    if overlap is None:
        return order[: spec.most]
    order = order[:_ENTERING]
    kept = non_maximum_suppression(
        _apart(found.corners[order], found.classes[order]), ratings[order], overlap, spec.most
    )
    return order[kept.to(order.device)]


def _apart(corners: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Boxes moved so that those of two classes never meet."""
    corners = corners.detach().double()
    if not len(corners):
        return corners
    side = corners.max() - corners.min() + 1
    return corners + (classes * side)[:, None]
