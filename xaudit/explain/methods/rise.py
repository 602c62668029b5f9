"""RISE: what the logit is, on average, where a pixel is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch.nn.functional import interpolate

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.explain.engine.inputs import Faded
from xaudit.explain.engine.passes import Pass
from xaudit.explain.numerics.residuals import halves
from xaudit.explain.perturbation.baselines import check_baseline, emptied
from xaudit.explain.port import Context, Explainer, Steps, explainer

_BLOCK = 250


@explainer("rise")
@dataclass(frozen=True, slots=True)
class Rise(Explainer):
    """The mean logit of randomly masked images, pixel by pixel where the pixel is shown.

    Masks are random grids, enlarged bilinearly and shifted. The mean over all masks is taken off,
    so that a pixel that changes nothing has the value 0; the paper leaves it in. Masks are added
    until the maps of two halves of them agree.

    Attributes:
        samples: masks, at most.
        cells: of the grid, along each side.
        shown: chance that a cell is shown.
        baseline: where nothing is shown.
        tolerance: of the disagreement of the halves.

    References:
        Petsiuk et al., RISE, BMVC 2018, equations 5 and 6 and section 3.2.
    """

    samples: int = 2000
    cells: int = 7
    shown: float = 0.5
    baseline: str = "blur"
    tolerance: float = 0.1
    question: ClassVar[str] = Message(
        "How high is the logit, on average, when this place is shown?"
    )

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if self.samples < 2 or self.cells < 2 or not 0 < self.shown < 1:
            raise ValueError(
                "samples >= 2, cells >= 2 and 0 < shown < 1, got "
                f"{self.samples}, {self.cells} and {self.shown}"
            )

    def cost(self) -> tuple[int, int]:
        """One pass for each mask."""
        return self.samples, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        start = emptied(case, self.baseline)
        seed = context.seed_for(case, self.name)
        sums = MaskSums(case.inside.shape)
        for first in range(0, self.samples, _BLOCK):
            count = min(_BLOCK, self.samples - first)
            masks = RandomGrids(case.grid, self.cells, self.shown, seed, first, count)
            (answer,) = yield [Pass(Faded(case.image, start, masks), rough=True)]
            sums.add(masks, answer.logits)
            residual = halves(sums.maps(), self.tolerance)
            if residual.converged:
                break
        return self.map_of(case, sums.whole(), residual, samples_used=first + count)


@dataclass(frozen=True, slots=True)
class RandomGrids:
    """Smooth random masks; each has a stream of its own.

    Attributes:
        grid: of the images; each view has a mask of its own.
        cells: of the grid, along each side.
        shown: chance that a cell is shown.
        seed: of all masks.
        first: number of the first of these.
        count: how many.
    """

    grid: Grid
    cells: int
    shown: float
    seed: int
    first: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> FloatArray:
        rng = np.random.default_rng((self.seed, self.first + row))
        return np.concatenate([self._drawn(rng) for _ in range(self.grid.views)])

    def _drawn(self, rng: np.random.Generator) -> FloatArray:
        """The mask of one view."""
        shape = self.grid.view
        height, width = (-(-side // self.cells) for side in shape)
        # One cell more along each side leaves room for the shift.
        cells = (rng.random((self.cells + 1, self.cells + 1)) < self.shown).astype(np.float32)
        size = ((self.cells + 1) * height, (self.cells + 1) * width)
        large = interpolate(
            torch.from_numpy(cells)[None, None], size=size, mode="bilinear", align_corners=False
        )[0, 0].numpy()
        down, right = rng.integers(height), rng.integers(width)
        mask: FloatArray = large[down : down + shape[0], right : right + shape[1]]
        return mask


class MaskSums:
    """Sums over even and odd masks, from which conditional means are made."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shown = np.zeros((2, *shape))
        self._weighted = np.zeros((2, *shape))
        self._logits = np.zeros(2)
        self._count = np.zeros(2)

    def add(self, masks: RandomGrids, logits: FloatArray) -> None:
        """Take what the detector said under each of these masks."""
        for row, logit in enumerate(logits):
            mask, half = masks[row], row % 2
            self._shown[half] += mask
            self._weighted[half] += logit * mask
            self._logits[half] += logit
            self._count[half] += 1

    def maps(self) -> list[FloatArray]:
        """The maps of both halves."""
        return [self._map(slice(half, half + 1)) for half in (0, 1)]

    def whole(self) -> FloatArray:
        """The map of all masks."""
        return self._map(slice(None))

    def _map(self, halves: slice) -> FloatArray:
        shown = self._shown[halves].sum(axis=0)
        mean = self._logits[halves].sum() / max(self._count[halves].sum(), 1)
        conditional = self._weighted[halves].sum(axis=0) / np.where(shown > 0, shown, 1)
        return np.where(shown > 0, conditional - mean, 0).astype(np.float32)
