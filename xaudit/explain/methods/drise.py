"""D-RISE: where the image has to be shown for one box to be found again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from xaudit.core.boxes import Boxes
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.message import Message
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Faded, Inputs
from xaudit.explain.engine.passes import Direct
from xaudit.explain.methods.rise import MaskSums, RandomGrids
from xaudit.explain.numerics.residuals import halves
from xaudit.explain.perturbation.baselines import baseline_of, check_baseline
from xaudit.explain.port import Context, Explainer, Steps, explainer

_BLOCK = 250
Corners = tuple[float, float, float, float]


@explainer("drise")
@dataclass(frozen=True, slots=True)
class DRise(Explainer):
    """How well a box is found again in randomly masked images, where the pixel is shown.

    The box is the one that is explained, or else the surest that is drawn on the image. How well
    it is found again is the highest IoU times probability of all boxes that are drawn, 0 where
    none is. Masks are those of `rise`, with finer cells; the mean over all masks is taken off,
    which the paper leaves in. Masks are added until the maps of two halves of them agree.

    Attributes:
        samples: masks, at most.
        cells: of the grid, along each side.
        shown: chance that a cell is shown.
        baseline: where nothing is shown.
        tolerance: of the disagreement of the halves.

    References:
        Petsiuk et al., Black-box Explanation of Object Detectors via Saliency Maps, CVPR 2021,
        section 3; objectness is part of the probability here.
    """

    samples: int = 2000
    cells: int = 16
    shown: float = 0.5
    baseline: str = "blur"
    tolerance: float = 0.1
    question: ClassVar[str] = Message(
        "Where does the image have to be shown for this box to be found again?"
    )
    needs: ClassVar[frozenset[Capability]] = frozenset({"boxes"})

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if self.samples < 2 or self.cells < 2 or not 0 < self.shown < 1:
            raise ValueError(
                "samples >= 2, cells >= 2 and 0 < shown < 1, got "
                f"{self.samples}, {self.cells} and {self.shown}"
            )

    def cost(self) -> tuple[int, int]:
        """One pass for each mask, and one to see the box."""
        return self.samples + 1, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one box of one case; see `Explainer`."""
        reference: Corners = yield Direct(partial(_reference, case.image))
        start = baseline_of(case.image, case.shown, self.baseline)
        seed = context.seed_for(case, self.name)
        sums = MaskSums(case.inside.shape)
        for first in range(0, self.samples, _BLOCK):
            count = min(_BLOCK, self.samples - first)
            masks = RandomGrids(case.grid, self.cells, self.shown, seed, first, count)
            images = Faded(case.image, start, masks)
            sums.add(masks, (yield Direct(partial(_found_again, images, reference))))
            residual = halves(sums.maps(), self.tolerance)
            if residual.converged:
                break
        box = " ".join(f"{side:.1f}" for side in reference)
        return self.map_of(case, sums.whole(), residual, samples_used=first + count, box=box)


def _reference(image: FloatArray, evaluator: Evaluator) -> Corners:
    """The box that is explained, or else the surest on the image."""
    if evaluator.reference is not None:
        return evaluator.reference
    (drawn,) = evaluator.boxes(image[None])
    if not len(drawn):
        raise ExplainerError(
            "no box is drawn on this image: nothing is there to be found again; lower "
            "detector.output.boxes.threshold, or explain a reference box"
        )
    left, top, right, bottom = drawn.corners[drawn.ratings.argmax()].tolist()
    return left, top, right, bottom


def _found_again(images: Inputs, reference: Corners, evaluator: Evaluator) -> FloatArray:
    """IoU times probability of the box that has most of it; (N,)."""
    return np.array([_likeness(drawn, reference) for drawn in evaluator.boxes(images)])


def _likeness(drawn: Boxes, reference: Sequence[float]) -> float:
    if not len(drawn):
        return 0.0
    chances = 1 / (1 + np.exp(-drawn.ratings))
    return float((_overlaps(drawn.corners, np.asarray(reference)) * chances).max())


def _overlaps(
    corners: npt.NDArray[np.float64], other: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Intersection over union with one box; (B, 4) → (B,)."""
    low, high = np.maximum(corners[:, :2], other[:2]), np.minimum(corners[:, 2:], other[2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    found: npt.NDArray[np.float64] = shared / (areas + np.prod(other[2:] - other[:2]) - shared)
    return found
