"""Scores of networks that draw boxes: of an image, and of one box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import softplus

from xaudit.core.boxes import Boxes
from xaudit.core.target import TargetRecord
from xaudit.errors import DetectorError
from xaudit.models.heads.candidates import LAYOUTS, Candidates, Layout, Reading
from xaudit.models.heads.choice import chosen
from xaudit.models.heads.drawing import AUTO, BoxesSpec
from xaudit.models.heads.output import OutputSpec


@dataclass(frozen=True, slots=True)
class BoxHead:
    """What a network that draws boxes says of an image; a `Target`.

    The score of an image is that of its best box on it, or what its boxes say together. Where none
    reaches the threshold it is that of the best there is; a network that returns a choice of
    its boxes alone may return none: then the score is the threshold, below which no image lies.

    Attributes:
        output: what the network returns.
        grid: (H, W) of the input.
    """

    output: OutputSpec
    grid: tuple[int, int]

    @property
    def spec(self) -> BoxesSpec:
        """How boxes are returned."""
        assert self.output.boxes is not None
        return self.output.boxes

    @property
    def record(self) -> TargetRecord:
        """See `xaudit.core.target.Target`."""
        return {
            "kind": "box_score_of_image",
            "output": self.output.kind,
            "columns": self.output.columns,
            "rule": self.spec.rule,
        }

    def score(self, output: object, images: int) -> torch.Tensor:
        """(N,) logits; see `Target`."""
        layout = self.layout_of(output, images)
        found = self.candidates(output, images)
        return torch.stack([self._of_image(one, layout) for one in found])

    def boxes(self, output: object, images: int) -> list[Boxes]:
        """The boxes on each of N images, best first, in pixels of the input grid.

        Raises:
            DetectorError: the output is not what was declared, or a number is not finite.
        """
        layout = self.layout_of(output, images)
        found = self.candidates(output, images)
        return [self._drawn(one, layout, row) for row, one in enumerate(found)]

    def candidates(self, output: object, images: int) -> Sequence[Candidates]:
        """All boxes of the positive classes, of each image.

        They end where the grid ends; what has no area on it is left out.
        """
        reading = Reading(self.spec, self.output.columns, self.grid, images)
        return [
            _within(one, self.grid) for one in self.layout_of(output, images).read(output, reading)
        ]

    def layout_of(self, output: object, images: int) -> Layout:
        """The layout as declared, or as it is recognized.

        Raises:
            DetectorError: none or several look like the output.
        """
        if self.spec.layout != AUTO:
            return LAYOUTS[self.spec.layout]
        looking = [name for name in LAYOUTS if LAYOUTS[name].looks(output, self.grid, images)]
        if len(looking) == 1:
            return LAYOUTS[looking[0]]
        several = f"{' and '.join(looking)} look like it" if looking else "no layout looks like it"
        raise DetectorError(
            f"the network returned {_told(output)} for {images} image{'s' * (images != 1)} of "
            f"{self.grid[0]} x {self.grid[1]}, and {several}: declare output.boxes.layout, one of "
            f"{', '.join(looking or LAYOUTS)}"
        )

    def _of_image(self, found: Candidates, layout: Layout) -> torch.Tensor:
        if not len(found):
            return found.ratings.new_tensor(self.spec.floor)
        ratings = found.ratings
        if self.spec.rule == "max" or not bool(torch.isfinite(ratings).all()):
            score = ratings.max()
        else:
            kept = chosen(found, self.spec, layout)
            score = noisy_or(ratings[kept]) if len(kept) else ratings.max()
        return score.clamp_min(self.spec.floor) if layout.chosen else score

    def _drawn(self, found: Candidates, layout: Layout, row: int) -> Boxes:
        for what, values in (("score", found.ratings), ("corner", found.corners)):
            if not bool(torch.isfinite(values).all()):
                raise DetectorError(
                    f"image {row} of a batch: a {what} of a box is no number, or no probability "
                    "where probabilities are declared; see detector.output.boxes"
                )
        kept = chosen(found, self.spec, layout)
        return Boxes(_plain(found.corners[kept]), _plain(found.ratings[kept]),
                     found.classes[kept].cpu().numpy())  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoxScore:
    """The score of the box that best matches a reference; a `Target`.

    It is looked for anew in every output, by its overlap with the reference times its
    probability: the number of a box changes when the image does. A box that overlaps the
    reference less does not stand for it: otherwise a neighbor would take over where the box is
    gone. Where no box overlaps enough, the nearest is taken of networks that return all of
    theirs; of the others the score is the threshold of the boxes.

    Attributes:
        head: what the network returns.
        reference: left, top, right, bottom, in pixels of the input grid.
        overlap: least IoU, in [0, 1].

    Raises:
        ValueError: the reference has no area, or the overlap is out of range.
    """

    head: BoxHead
    reference: tuple[float, float, float, float]
    overlap: float = 0.5

    def __post_init__(self) -> None:
        left, top, right, bottom = corners = tuple(map(float, self.reference))
        object.__setattr__(self, "reference", corners)
        if not (right > left and bottom > top):
            raise ValueError(f"a box ends right of and below where it begins: {self.reference}")
        if not 0 <= self.overlap <= 1:
            raise ValueError(f"overlap lies in [0, 1], got {self.overlap}")

    @property
    def record(self) -> TargetRecord:
        """See `xaudit.core.target.Target`."""
        return {
            "kind": "box_score",
            "columns": self.head.output.columns,
            "reference": self.reference,
            "overlap": self.overlap,
        }

    def score(self, output: object, images: int) -> torch.Tensor:
        """(N,) logits; see `Target`."""
        layout = self.head.layout_of(output, images)
        found = self.head.candidates(output, images)
        return torch.stack([self._of_image(one, layout.chosen) for one in found])

    def _of_image(self, found: Candidates, chosen_alone: bool) -> torch.Tensor:
        floor = self.head.spec.floor
        shared = overlaps(found.corners.detach(), self.reference)
        near = shared >= self.overlap
        if not len(found) or (chosen_alone and not bool(near.any())):
            return found.ratings.new_tensor(floor)
        matching = torch.where(near, 1 + shared * found.ratings.detach().sigmoid(), shared)
        score = found.ratings[matching.argmax()]
        return score.clamp_min(floor) if chosen_alone else score


def _within(found: Candidates, grid: tuple[int, int]) -> Candidates:
    """What lies on the grid; boxes whose corners are not finite stay, to be refused."""
    height, width = grid
    limits = torch.tensor([width, height, width, height]).to(found.corners)
    corners = found.corners.clamp_min(0).minimum(limits)
    broken = ~torch.isfinite(found.corners).all(dim=1, keepdim=True)
    corners = corners.masked_fill(broken, torch.nan)
    empty = (corners[:, 2:] <= corners[:, :2]).any(dim=1)
    if not bool(empty.any()):
        return Candidates(corners, found.ratings, found.classes)
    kept = torch.nonzero(~empty).flatten()
    return Candidates(corners[kept], found.ratings[kept], found.classes[kept])


def overlaps(corners: torch.Tensor, reference: Sequence[float]) -> torch.Tensor:
    """Intersection over union with one box; (A, 4) → (A,), 0 for boxes without area."""
    other = torch.tensor(reference).to(corners)
    sides = (corners[:, 2:].minimum(other[2:]) - corners[:, :2].maximum(other[:2])).clamp_min(0)
    shared = sides.prod(dim=1)
    areas = (corners[:, 2:] - corners[:, :2]).clamp_min(0).prod(dim=1)
    return shared / (areas + (other[2:] - other[:2]).prod() - shared)


def noisy_or(logits: torch.Tensor) -> torch.Tensor:
    """Logit of the probability that not all are wrong; (B,) → ().

    Of 1 - prod(1 - p) = 1 - exp(-s), where s sums softplus of the logits.
    """
    total = softplus(logits).sum()
    return total + torch.log(-torch.expm1(-total))


def _plain(tensor: torch.Tensor) -> np.ndarray:
    return np.asarray(tensor.detach().double().cpu().numpy())


def _told(output: object) -> str:
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    return f"{type(output).__name__}"
