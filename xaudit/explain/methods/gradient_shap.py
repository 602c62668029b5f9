"""Expected gradients: SHAP values of pixels against images without a fracture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.message import Message
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Between, Chained, Images
from xaudit.explain.engine.memo_keys import IMAGE
from xaudit.explain.engine.passes import Direct, Pass
from xaudit.explain.numerics.engine_choice import check_engine
from xaudit.explain.numerics.libraries import library, numpy_state_kept
from xaudit.explain.numerics.residuals import completeness_gap, halves
from xaudit.explain.port import Context, Explainer, Steps, explainer

_SEEDS_OF_NUMPY = 2**32


@explainer("gradient_shap")
@dataclass(frozen=True, slots=True)
class GradientShap(Explainer):
    """Integrated Gradients, averaged over a background of images without a fracture.

    Every image of the background gets the same number of points, spread evenly over the path
    (stratified, with a random shift), so that fewer points do than at random.

    Attributes:
        samples: points on all paths together; rounded to a multiple of the background.
        tolerance: of the disagreement of two halves of the points.
        engine: "library" is shap's GradientExplainer.

    References:
        Erion et al., Improving Performance of Deep Learning Models with Axiomatic Attribution
        Priors and Expected Gradients, Nature Machine Intelligence 2021.
    """

    samples: int = 128
    tolerance: float = 0.2
    engine: str = "xaudit"
    question: ClassVar[str] = Message(
        "Which pixels make the logit differ from images without a fracture?"
    )
    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})
    package: ClassVar[str | None] = "shap"
    compares: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_engine(self.engine)
        if self.samples < 2:
            raise ValueError(f"samples is at least 2, got {self.samples}")

    def cost(self) -> tuple[int, int]:
        """One pass forward and backward for each point."""
        return self.samples, self.samples

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        background = context.background
        if not len(background):
            raise ExplainerError(
                "gradient_shap compares with images without a fracture and the study has none "
                "outside the sample; choose integrated_gradients, or add normal images"
            )
        seed = context.seed_for(case, self.name)
        if self.engine == "library":
            values = yield Direct(
                lambda evaluator: self._by_shap(evaluator, case.image, background, seed)
            )
            return self.map_of(case, values)
        points = max(self.samples // len(background), 2)
        inputs, weights = _paths(case.image, background, points, seed)
        path, ends, image = yield [
            Pass(inputs, gradients=True, weights=weights),
            Pass(Images(background), key="background"),
            Pass(Images(case.image[None]), key=IMAGE),
        ]
        parts = path.gradients.reshape(2, len(background), *case.image.shape)
        steps = case.image - background
        two = (parts * steps).sum(axis=2).mean(axis=1)
        values = two.mean(axis=0)
        change = float(image.logits[0] - ends.logits.mean())
        gap = completeness_gap(values, change, self.tolerance)
        residual = halves(list(two), self.tolerance)
        return self.map_of(case, values, residual, additivity_gap=gap.value)

    def _by_shap(
        self, evaluator: Evaluator, image: FloatArray, background: FloatArray, seed: int
    ) -> FloatArray:
        pixels, others = (
            torch.from_numpy(one.copy()).to(evaluator.device) for one in (image[None], background)
        )
        column = _Column(evaluator.module)
        with numpy_state_kept():
            method = library("shap").GradientExplainer(
                column, others, batch_size=evaluator.micro_batch
            )
            values = method.shap_values(pixels, nsamples=self.samples, rseed=seed % _SEEDS_OF_NUMPY)
        table = np.asarray(values, dtype=np.float32).reshape(image.shape)
        return np.asarray(table.sum(axis=0))


class _Column(torch.nn.Module):
    """shap wants a table of outputs."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.inner = module

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.inner(images)
        return logits[:, None]


def _paths(
    image: FloatArray, background: FloatArray, points: int, seed: int
) -> tuple[Chained, npt.NDArray[Any]]:
    """Points between every image of the background and the image.

    Returns:
        The images, and weights that give the mean gradient of each path, twice: over its even
        and over its odd points; (2 · B, B · points).
    """
    shifts = np.random.default_rng(seed).random(len(background))
    strata = np.arange(points)
    paths = [
        Between(start, image, (strata + shift) / points)
        for start, shift in zip(background, shifts, strict=True)
    ]
    turns = np.stack([strata % 2 == half for half in (0, 1)])
    means = turns / turns.sum(axis=1, keepdims=True)
    weights = np.concatenate([np.kron(np.eye(len(background)), row) for row in means])
    return Chained(tuple(paths)), weights
