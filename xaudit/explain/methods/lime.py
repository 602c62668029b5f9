"""LIME: a linear model of the detector around one image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from xaudit.core.attribution import Residual
from xaudit.core.case import BoolArray, FloatArray, PreparedCase
from xaudit.core.message import Message
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.passes import Direct
from xaudit.explain.numerics.engine_choice import check_engine
from xaudit.explain.numerics.libraries import library
from xaudit.explain.numerics.regression import LinearFit, fit_linear, fit_pairs
from xaudit.explain.numerics.residuals import relative_error
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding, coalitions_of
from xaudit.explain.perturbation.superpixels import OUTSIDE
from xaudit.explain.port import Context, Explainer, Steps, explainer

_SEEDS_OF_NUMPY = 2**32


@explainer("lime")
@dataclass(frozen=True, slots=True)
class Lime(Explainer):
    """Superpixels are hidden at random; a weighted linear regression says what each adds.

    Nothing draws the coefficients to zero: lime's own ridge penalty of 1 vanishes with the number
    of samples, and with a hundred of them it takes 6 % off every coefficient. The logit is
    explained, not the probability, whose saturation would flatten the model. Values are
    coefficients; every pixel of a superpixel carries its share, so that maps compare by area.
    Samples are taken until the standard error of the coefficients is within the tolerance.

    Attributes:
        samples: images evaluated, at most.
        segments: superpixels to aim at.
        compactness: of the superpixels; see `xaudit.explain.perturbation.superpixels.superpixels`.
        kernel_width: of the exponential kernel on the cosine distance.
        baseline: shown where a superpixel is hidden.
        tolerance: of the standard error of the coefficients, relative to their length.
        engine: "xaudit" draws complementary pairs that SHAP uses too; "library" is lime.

    References:
        Ribeiro et al., "Why Should I Trust You?", KDD 2016, equation 1 and algorithm 1.
    """

    samples: int = 512
    segments: int = 48
    compactness: float = 0.1
    kernel_width: float = 0.25
    baseline: str = "blur"
    tolerance: float = 0.25
    engine: str = "xaudit"
    question: ClassVar[str] = Message(
        "What does a linear model around this image say each superpixel adds?"
    )
    package: ClassVar[str | None] = "lime"

    def __post_init__(self) -> None:
        Hiding(self.segments, self.compactness, self.baseline)
        check_engine(self.engine)
        if self.samples <= self.segments:
            raise ValueError(
                f"segments < samples, got {self.segments} and {self.samples}: a regression needs "
                "more images than coefficients"
            )
        if self.kernel_width <= 0:
            raise ValueError(f"kernel_width is positive, got {self.kernel_width}")

    def cost(self) -> tuple[int, int]:
        """One pass for each sample."""
        return self.samples, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        hiding = Hiding(self.segments, self.compactness, self.baseline)
        game = coalitions_of(case, hiding, context)
        if self.engine == "library":
            seed = context.seed_for(case, self.name)
            fit, residual = yield Direct(
                lambda evaluator: self._by_lime(evaluator, case.image, game, seed)
            )
        elif game.enumerable:
            (answer,) = yield [game.asked(game.all(), "all")]
            weights = lime_weights(game.all(), self.kernel_width)
            fit = fit_linear(game.all().astype(np.float64), answer.logits, weights)
            residual = relative_error(fit.coefficients, np.zeros(game.count), self.tolerance)
        else:
            shown, logits = np.empty((0, game.count), dtype=bool), np.empty(0)
            for number in game.blocks(self.samples):
                block = game.block(number)
                (answer,) = yield [game.asked(block, ("half", number), rough=True)]
                shown = np.concatenate([shown, block])
                logits = np.concatenate([logits, answer.logits])
                weights = lime_weights(shown, self.kernel_width)
                fit = fit_pairs(shown.astype(np.float64), logits, weights)
                residual = relative_error(fit.coefficients, fit.errors, self.tolerance)
                if residual.converged is not False:
                    break
        return self.map_of(
            case, game.spread(fit.coefficients), residual, segments_used=game.count, r2=fit.r2
        )

    def _by_lime(
        self, evaluator: Evaluator, image: FloatArray, game: Coalitions, seed: int
    ) -> tuple[LinearFit, Residual]:
        """Coefficients of lime's own sampling and regression; it states no errors."""
        explanation = _explainer_class()(
            kernel_width=self.kernel_width,
            feature_selection="none",
            random_state=np.random.RandomState(seed % _SEEDS_OF_NUMPY),
        ).explain_instance(
            _color(image),
            _classifier(evaluator, len(image)),
            labels=(0,),
            hide_color=_color(np.where(game.patches == OUTSIDE, image, game.baseline)),
            num_features=game.count + 1,
            num_samples=self.samples,
            batch_size=4 * evaluator.micro_batch,
            segmentation_fn=lambda _: covering(game),
        )
        # lime wants a superpixel for every pixel; what lies outside all of them is the last.
        coefficients = np.zeros(game.count + 1)
        for feature, weight in explanation.local_exp[0]:
            coefficients[feature] = weight
        r2 = float(explanation.score)
        fit = LinearFit(coefficients[: game.count], np.full(game.count, np.nan), r2)
        return fit, Residual(Message("1 − R² of the linear model"), max(0.0, 1 - r2), None)


def lime_weights(shown: BoolArray, kernel_width: float) -> npt.NDArray[np.float64]:
    """Lime's kernel on the cosine distance to the whole image; (N, P) → (N,)."""
    distance = 1 - np.sqrt(shown.mean(axis=1))
    return np.asarray(np.sqrt(np.exp(-(distance**2) / kernel_width**2)))


def covering(game: Coalitions) -> npt.NDArray[np.int64]:
    """Superpixels that leave no pixel out: what is outside is one more."""
    return np.where(game.patches == OUTSIDE, game.count, game.patches)


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
