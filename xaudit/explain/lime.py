"""LIME: a linear model of the detector around one image, computed by lime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from xaudit.core.attribution import AttributionMap, Parameter, Residual
from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.explain.baselines import baseline_of, check_baseline
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library
from xaudit.explain.port import EXPLAINERS
from xaudit.explain.superpixels import superpixels

_SEEDS_OF_NUMPY = 2**32


@EXPLAINERS.register("lime")
@dataclass(frozen=True, slots=True)
class Lime:
    """Superpixels are hidden at random; a weighted ridge regression says what each adds.

    The logit is explained, not the probability, whose saturation would flatten the model. Values
    are coefficients; every pixel of a superpixel carries its share, so that maps compare by area.

    Attributes:
        samples: images evaluated.
        segments: superpixels to aim at.
        compactness: of the superpixels; see `xaudit.explain.superpixels.superpixels`.
        kernel_width: of the exponential kernel on the cosine distance.
        baseline: shown where a superpixel is hidden.
        tolerance: of 1 − R² of the regression.

    References:
        Ribeiro et al., "Why Should I Trust You?", KDD 2016, equation 1 and algorithm 1.
    """

    samples: int = 400
    segments: int = 64
    compactness: float = 0.1
    kernel_width: float = 0.25
    baseline: str = "blur"
    tolerance: float = 0.5
    name: str = field(default="lime", init=False)
    question: str = field(
        default="What does a linear model around this image say each superpixel adds?", init=False
    )
    needs: frozenset[Capability] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if self.segments < 2 or self.samples <= self.segments:
            raise ValueError(
                f"2 <= segments < samples, got {self.segments} and {self.samples}: a regression "
                "needs more images than coefficients"
            )
        if self.kernel_width <= 0 or self.compactness <= 0:
            raise ValueError("kernel_width and compactness are positive")

    @property
    def library(self) -> str:
        """Package and version."""
        return f"lime {version('lime')}"

    @property
    def params(self) -> Mapping[str, Parameter]:
        """Every parameter."""
        return {
            "samples": self.samples,
            "segments": self.segments,
            "compactness": self.compactness,
            "kernel_width": self.kernel_width,
            "baseline": self.baseline,
            "tolerance": self.tolerance,
            "regression": "ridge, alpha 1",
        }

    def cost(self) -> tuple[int, int]:
        """One pass for each sample."""
        return self.samples, 0

    def explain(self, evaluator: Evaluator, case: PreparedCase, seed: int) -> AttributionMap:
        """Explain one case; see `Explainer`."""
        patches = superpixels(case.image, self.segments, self.compactness)
        start = baseline_of(case.image, case.inside, self.baseline)
        with evaluator.counted() as cost:
            coefficients, r2 = self._regression(evaluator, case.image, start, patches, seed)
        areas = np.bincount(patches.ravel(), minlength=len(coefficients))
        return AttributionMap(
            case_id=case.case.case_id,
            method=self.name,
            values=(coefficients / areas)[patches].astype(np.float32),
            params={**self.params, "segments_used": len(coefficients)},
            forward=cost.forward,
            backward=cost.backward,
            residual=Residual("1 − R² of the linear model", max(0.0, 1 - r2), self.tolerance),
        )

    def _regression(
        self,
        evaluator: Evaluator,
        image: FloatArray,
        baseline: FloatArray,
        patches: npt.NDArray[np.int64],
        seed: int,
    ) -> tuple[npt.NDArray[np.float64], float]:
        """Coefficient of each superpixel, and R² of the regression."""
        explainer = _explainer_class()(
            kernel_width=self.kernel_width,
            feature_selection="none",
            random_state=np.random.RandomState(seed % _SEEDS_OF_NUMPY),
        )
        explanation = explainer.explain_instance(
            _color(image),
            _classifier(evaluator, len(image)),
            labels=(0,),
            hide_color=_color(baseline),
            num_features=int(patches.max()) + 1,
            num_samples=self.samples,
            batch_size=4 * evaluator.micro_batch,
            segmentation_fn=lambda _: patches,
        )
        coefficients = np.zeros(int(patches.max()) + 1)
        for feature, weight in explanation.local_exp[0]:
            coefficients[feature] = weight
        return coefficients, float(explanation.score)


def _color(image: FloatArray) -> FloatArray:
    """(C, H, W) → (H, W, 3), as lime wants it."""
    return np.repeat(np.moveaxis(image, 0, -1), 3 // len(image), axis=-1)


def _classifier(
    evaluator: Evaluator, channels: int
) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]:
    def logits(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        planes = np.moveaxis(images[..., :channels], -1, 1)
        # One column: lime explains label 0, which is the logit of the positive class.
        return evaluator.logits(np.ascontiguousarray(planes, dtype=np.float32))[:, None]

    return logits


def _explainer_class() -> Any:  # noqa: ANN401
    base = library("lime.lime_image").LimeImageExplainer

    class Quiet(base):  # type: ignore[misc, valid-type]
        """lime's own sampling, with whole-array masking and without a progress bar."""

        def data_labels(
            self,
            image: FloatArray,
            fudged_image: FloatArray,
            segments: npt.NDArray[np.int64],
            classifier_fn: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]],
            num_samples: int,
            batch_size: int = 10,
        ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
            count = int(segments.max()) + 1
            shown = self.random_state.randint(0, 2, num_samples * count)
            shown = shown.reshape(num_samples, count)
            shown[0] = 1
            labels = [
                classifier_fn(
                    np.where(shown[start : start + batch_size][:, segments, None] == 1,
                             image, fudged_image)
                )
                for start in range(0, num_samples, batch_size)
            ]  # fmt: skip
            return shown, np.concatenate(labels)

    return Quiet
