"""SHAP over a hierarchy of image regions (Owen values), computed by shap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.memo_keys import IMAGE, baseline_key
from xaudit.explain.engine.passes import Direct, Pass
from xaudit.explain.numerics.libraries import library, numpy_state_kept
from xaudit.explain.numerics.residuals import completeness_gap
from xaudit.explain.perturbation.baselines import check_baseline, emptied
from xaudit.explain.port import Context, Explainer, Steps, explainer


@explainer("partition_shap")
@dataclass(frozen=True, slots=True)
class PartitionShap(Explainer):
    """Shapley values of image regions that are halved where they matter most (Owen values).

    Deterministic. Attributions add up to the change of the logit between the baseline and the
    image by construction, so the gap says nothing of how finely the regions were cut.

    Attributes:
        evaluations: images that may be evaluated.
        baseline: see `xaudit.explain.perturbation.baselines.baseline_of`.
        tolerance: of the additivity residual, relative to the change of the logit.

    References:
        Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, NIPS 2017; Owen,
        Values of Games with a Priori Unions, 1977.
    """

    evaluations: int = 500
    baseline: str = "blur"
    tolerance: float = 0.01
    question: ClassVar[str] = Message("How much does each region, halved where it matters, add?")
    package: ClassVar[str | None] = "shap"

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if self.evaluations < 10:
            raise ValueError(f"evaluations is at least 10, got {self.evaluations}")

    def cost(self) -> tuple[int, int]:
        """The budget, the two ends, and the pair that may pass it."""
        return self.evaluations + 4, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        start = emptied(case, self.baseline)
        values = yield Direct(
            lambda evaluator: owen_values(evaluator, case.image, start, self.evaluations)
        )
        image, origin = yield [
            Pass(Images(case.image[None]), key=IMAGE),
            Pass(Images(start[None]), key=baseline_key(self.baseline)),
        ]
        change = float(image.logits[0] - origin.logits[0])
        return self.map_of(case, values, completeness_gap(values, change, self.tolerance))


def owen_values(
    evaluator: Evaluator, image: FloatArray, baseline: FloatArray, evaluations: int
) -> FloatArray:
    """Owen values of the pixels, channels summed; (C, H, W) twice → (H, W)."""
    shap = library("shap")

    def logits(images: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        planes = np.moveaxis(np.asarray(images, dtype=np.float32), -1, 1)
        return evaluator.logits(np.ascontiguousarray(planes))

    # One channel is explained and hidden for all: a gray film has no colors to tell apart.
    masker = shap.maskers.Image(np.moveaxis(baseline, 0, -1))
    with numpy_state_kept():
        explained = shap.PartitionExplainer(logits, masker)(
            np.moveaxis(image, 0, -1)[None],
            max_evals=evaluations,
            batch_size=4 * evaluator.micro_batch,
            silent=True,
        )
    values = np.asarray(explained.values[0]).reshape(*image.shape[1:], image.shape[0])
    return np.asarray(values.sum(axis=-1), dtype=np.float32)
