"""SHAP: Owen values over a hierarchy of image regions, computed by shap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from xaudit.core.attribution import AttributionMap, Parameter, Residual
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.explain.baselines import baseline_of, check_baseline
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library, numpy_state_kept
from xaudit.explain.port import EXPLAINERS

_NO_CHANGE = 1e-6


@EXPLAINERS.register("shap")
@dataclass(frozen=True, slots=True)
class PartitionShap:
    """Shapley values of image regions that are halved where they matter most (Owen values).

    Deterministic. Attributions add up to the change of the logit between the baseline and the
    image; what is missing of that is the residual.

    Attributes:
        evaluations: images that may be evaluated.
        baseline: see `xaudit.explain.baselines.baseline_of`.
        tolerance: of the additivity residual, relative to the change of the logit.

    References:
        Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, NIPS 2017; Owen,
        Values of Games with a Priori Unions, 1977.
    """

    evaluations: int = 300
    baseline: str = "blur"
    tolerance: float = 0.01
    name: str = field(default="shap", init=False)
    question: str = field(
        default="How much does each region add to the logit, averaged over what else is shown?",
        init=False,
    )
    needs: frozenset[Capability] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if self.evaluations < 10:
            raise ValueError(f"evaluations is at least 10, got {self.evaluations}")

    @property
    def library(self) -> str:
        """Package and version."""
        return f"shap {version('shap')}"

    @property
    def params(self) -> Mapping[str, Parameter]:
        """Every parameter."""
        return {
            "explainer": "PartitionExplainer",
            "evaluations": self.evaluations,
            "baseline": self.baseline,
            "tolerance": self.tolerance,
        }

    def cost(self) -> tuple[int, int]:
        """The budget, the two ends, and the pair that may pass it."""
        return self.evaluations + 4, 0

    def explain(self, evaluator: Evaluator, case: PreparedCase, seed: int) -> AttributionMap:
        """Explain one case; see `Explainer`."""
        del seed
        start = baseline_of(case.image, case.inside, self.baseline)
        with evaluator.counted() as cost:
            values = owen_values(evaluator, case.image, start, self.evaluations)
            ends = evaluator.logits(np.stack([start, case.image]))
        return AttributionMap(
            case_id=case.case.case_id,
            method=self.name,
            values=values,
            params=self.params,
            forward=cost.forward,
            backward=cost.backward,
            residual=self._residual(float(values.sum(dtype=np.float64)), float(ends[1] - ends[0])),
        )

    def _residual(self, total: float, change: float) -> Residual:
        name = "additivity residual, relative to the change of the logit"
        if abs(change) < _NO_CHANGE:
            reason = "the logit of the baseline equals that of the image"
            return Residual(name, None, self.tolerance, reason)
        return Residual(name, abs(total - change) / abs(change), self.tolerance)


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
