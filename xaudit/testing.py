"""Helpers for tests: a detector, cases, maps and a small study whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xaudit.core.case import AnnotationForm, BoolArray, Case, FloatArray, PreparedCase, Study
from xaudit.core.detector import Capability, InputSpec
from xaudit.core.grid import Grid
from xaudit.data.image_file import ImageFile
from xaudit.errors import DataError
from xaudit.phantom.study import phantom_study
from xaudit.phantom.write import write_study


@dataclass(frozen=True, slots=True, eq=False)
class FakeDetector:
    """A detector whose answer is known: logit = bias + Σ weights · pixels.

    Attributes:
        weights: (C, H, W); its shape is the input grid.
        bias: added to every logit.
        name: how reports call it.
        batches: size of every batch that was asked for, in order.
    """

    weights: FloatArray
    bias: float = 0.0
    name: str = "fake"
    batches: list[int] = field(default_factory=list)

    @property
    def input(self) -> InputSpec:
        """The grid of the weights."""
        channels, height, width = self.weights.shape
        return InputSpec(height, width, channels=channels, mean=(0.0,), std=(1.0,))

    @property
    def capabilities(self) -> frozenset[Capability]:
        """None: only scores."""
        return frozenset()

    def logits(self, images: FloatArray) -> npt.NDArray[np.float64]:
        """(N, C, H, W) → (N,)."""
        self.batches.append(len(images))
        return np.tensordot(images.astype(np.float64), self.weights, axes=3) + self.bias


@dataclass(frozen=True, slots=True, eq=False)
class MaskRegion:
    """A lesion that is held in memory; (H, W) bool."""

    mask: BoolArray

    @property
    def form(self) -> AnnotationForm:
        """Always an outline."""
        return "mask"

    def rasterize(self, grid: Grid) -> BoolArray:
        """The mask itself.

        Raises:
            DataError: the image has another size.
        """
        if self.mask.shape != grid.shape:
            raise DataError(f"mask of {self.mask.shape} for an image of {grid.shape}")
        return self.mask


def tiny_study(
    folder: Path, patients: int = 6, seed: int = 1, defects: Sequence[str] = ()
) -> Study:
    """A phantom study written to an empty folder, and what the manifest in it stands for."""
    phantom = phantom_study(seed, patients, 0.5, defects)
    write_study(phantom, folder)
    cases = tuple(
        Case(
            case_id=case.case_id,
            patient=case.patient,
            label=case.label,
            image=ImageFile((folder / "images" / f"{case.case_id}.png").resolve()),
            lesions=tuple(MaskRegion(lesion) for lesion in case.lesions),
            artifacts={"marker": MaskRegion(case.marker)} if case.marker.any() else {},
            site=case.site,
            groups=dict(case.groups),
        )
        for case in phantom.cases
    )
    return Study(
        "phantom", cases, source="xaudit.data.phantom", site_column="site", listed=len(cases)
    )


def disc(shape: tuple[int, int], center: tuple[float, float], radius: float) -> BoolArray:
    """A filled circle, (row, column) and radius in pixels."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(rows - center[0], columns - center[1]) <= radius)


def planted_case(
    lesions: Sequence[BoolArray], shape: tuple[int, int], seed: int = 0, case_id: str = "case"
) -> PreparedCase:
    """A gray noise image, brighter by 0.3 in its lesions, fractured if there is any."""
    rng = np.random.default_rng(seed)
    planes = np.array(lesions, dtype=bool).reshape(-1, *shape)
    image = 0.3 + 0.05 * rng.standard_normal(shape) + 0.3 * planes.any(axis=0)
    return PreparedCase(
        case=Case(case_id, case_id, bool(len(planes)), ImageFile(Path(f"{case_id}.png"))),
        image=np.clip(image, 0, 1).astype(np.float32)[None],
        lesions=planes,
        inside=np.ones(shape, dtype=bool),
        source=Grid(shape),
        grid=Grid(shape),
    )


def planted_map(mask: BoolArray, inside_share: float, seed: int = 0) -> FloatArray:
    """A positive map with exactly this share of its mass in the mask; (H, W), sum 1.

    Args:
        mask: (H, W), neither empty nor everything.
        inside_share: in [0, 1].
        seed: of the noise that breaks ties.
    """
    noise = np.random.default_rng(seed).uniform(0.9, 1.1, mask.shape)
    parts = ((mask, inside_share), (~mask, 1 - inside_share))
    values = sum(np.where(part, noise, 0) / noise[part].sum() * share for part, share in parts)
    return np.asarray(values, dtype=np.float32)
