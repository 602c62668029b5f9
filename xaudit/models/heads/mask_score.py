"""Scores of networks that segment: of an image, and of one region."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate

from xaudit.core.case import BoolArray
from xaudit.core.target import TargetRecord
from xaudit.errors import DetectorError
from xaudit.models.heads.candidates import logits_of
from xaudit.models.heads.drawing import MasksSpec
from xaudit.models.heads.output import OutputSpec

_KEYS = ("out", "logits")
"""Under which torchvision and transformers return the map."""


@dataclass(frozen=True, slots=True)
class MaskHead:
    """What a network that segments says of an image; a `Target`.

    The score of an image is made of the map as the network returns it, at its own stride.

    Attributes:
        output: what the network returns.
        grid: (H, W) of the input.
    """

    output: OutputSpec
    grid: tuple[int, int]

    @property
    def spec(self) -> MasksSpec:
        """How masks are returned."""
        assert self.output.masks is not None
        return self.output.masks

    @property
    def record(self) -> TargetRecord:
        """See `xaudit.core.target.Target`."""
        rule = {"rule": self.spec.rule} | (
            {"share": self.spec.share} if self.spec.rule == "mean_of_top" else {}
        )
        return {
            "kind": "mask_score_of_image",
            "output": self.output.kind,
            "columns": self.output.columns,
            **rule,
        }

    def score(self, output: object, images: int) -> torch.Tensor:
        """(N,) logits; see `Target`."""
        values = self.map_of(output, images).flatten(1)
        if self.spec.rule == "max":
            return values.amax(dim=1)
        count = max(1, math.ceil(self.spec.share * values.shape[1]))
        return values.topk(count, dim=1).values.mean(dim=1)

    def masks(self, output: object, images: int) -> torch.Tensor:
        """Logits of the positive class on the input grid, (N, H, W).

        Maps of another stride are resized bilinearly, pixel centers in the middle of pixels
        (``align_corners=False``).

        Raises:
            DetectorError: the output is not what was declared.
        """
        values = self.map_of(output, images)
        if values.shape[1:] == self.grid:
            return values
        return interpolate(values[:, None], self.grid, mode="bilinear", align_corners=False)[:, 0]

    def map_of(self, output: object, images: int) -> torch.Tensor:
        """Logits of the positive class, (N, h, w), at the network's stride.

        Raises:
            DetectorError: the output is not what was declared.
        """
        planes = _planes(output, images)
        classes, columns = planes.shape[1], self.output.columns
        if max(columns) >= classes:
            raise DetectorError(
                f"output.positive is class {max(columns)} (from 0), the network has {classes} "
                f"map{'s' * (classes != 1)}; see detector.output"
            )
        if self.spec.activation == "sigmoid":
            return planes[:, columns[0]]
        others = [one for one in range(classes) if one not in columns]
        if not others and self.spec.activation == "softmax":
            raise DetectorError(
                f"output.masks.activation: softmax: output.positive names all {classes} classes, "
                "at least one means not fractured; one map under a sigmoid is activation: sigmoid"
            )
        return self._log_odds(planes, others)

    def _log_odds(self, planes: torch.Tensor, others: list[int]) -> torch.Tensor:
        positive = planes[:, list(self.output.columns)]
        if self.spec.activation == "softmax":
            return positive.logsumexp(dim=1) - planes[:, others].logsumexp(dim=1)
        return logits_of(positive.sum(dim=1), "none")


@dataclass(frozen=True, slots=True, eq=False)
class RegionLogit:
    """The mean logit of the positive class over a region; a `Target`.

    Attributes:
        head: what the network returns.
        region: (H, W) bool, on the input grid.

    Raises:
        ValueError: the region is empty or of another size.
    """

    head: MaskHead
    region: BoolArray

    def __post_init__(self) -> None:
        if self.region.shape != self.head.grid or not self.region.any():
            raise ValueError(
                f"expected a region of at least one pixel on {self.head.grid[0]} x "
                f"{self.head.grid[1]}, got {int(self.region.sum())} pixels of {self.region.shape}"
            )

    @property
    def record(self) -> TargetRecord:
        """See `xaudit.core.target.Target`."""
        packed = np.packbits(np.asarray(self.region, dtype=bool))
        return {
            "kind": "region_logit",
            "columns": self.head.output.columns,
            "pixels": int(self.region.sum()),
            "region_sha256": hashlib.sha256(packed.tobytes()).hexdigest(),
        }

    def score(self, output: object, images: int) -> torch.Tensor:
        """(N,) logits; see `Target`."""
        values = self.head.masks(output, images)
        # A mask that was flipped has strides that torch does not take.
        region = torch.from_numpy(np.ascontiguousarray(self.region, dtype=bool))
        return values[:, region.to(values.device)].mean(dim=1)


def _planes(output: object, images: int) -> torch.Tensor:
    """What a network returned as (N, K, h, w)."""
    if isinstance(output, Mapping):
        output = next((output[key] for key in _KEYS if key in output), output)
    if isinstance(output, torch.Tensor) and output.is_floating_point():
        planes = output[:, None] if output.ndim == 3 else output
        if planes.ndim == 4 and planes.shape[0] == images and planes.numel():
            return planes
        said = f"a tensor of shape {tuple(output.shape)}"
    else:
        said = type(output).__name__
    raise DetectorError(
        f"the network returned {said} for {images} image{'s' * (images != 1)}, expected maps of "
        "scores (N, classes, h, w), or a dictionary with them under "
        f"{' or '.join(_KEYS)}; see detector.output"
    )
