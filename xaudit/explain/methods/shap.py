"""SHAP: Shapley values of superpixels."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from xaudit.core.attribution import Residual
from xaudit.core.case import PreparedCase
from xaudit.core.message import Message
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.passes import Direct, Pass, PassAnswer
from xaudit.explain.numerics.engine_choice import check_engine
from xaudit.explain.numerics.libraries import library, numpy_state_kept
from xaudit.explain.numerics.owen import (
    EDGE,
    Certain,
    Pairs,
    ShapleyValues,
    exact_shapley,
    five_places,
    three_places,
)
from xaudit.explain.numerics.residuals import relative_error
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding, coalitions_of
from xaudit.explain.port import Context, Explainer, Steps, explainer

_SEEDS_OF_NUMPY = 2**32
_NO_ERROR = Message("shap states no error")


@explainer("shap")
@dataclass(frozen=True, slots=True)
class Shap(Explainer):
    """Shapley values: what each superpixel adds to the logit, averaged over what else is shown.

    With at most nine superpixels all coalitions are evaluated and the values are exact. With more,
    the value is the integral, over the share of superpixels that is shown, of what a superpixel
    adds there (Owen 1972). It is known exactly where nothing else and where everything else is
    shown; coalitions with a half shown, which LIME uses too, complete Simpson's rule. Where the
    standard error of that, or what the values lack of the change of the logit, is above the
    tolerance, coalitions with 83 % and 17 % shown join, for the rule of Gauss and Lobatto with
    five points, and further ones of both. Coalitions come with their complements, which cancels
    every even interaction. What is missing of the change of the logit is recorded as the
    additivity gap and shared equally.

    Attributes:
        samples: coalitions sampled, at most.
        segments: superpixels to aim at.
        compactness: of the superpixels; see `xaudit.explain.perturbation.superpixels.superpixels`.
        baseline: shown where a superpixel is hidden.
        tolerance: of the error of the values, relative to their length.
        engine: "library" is shap's KernelExplainer with all samples at once.

    References:
        Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, NIPS 2017,
        equation 4; Owen, Multilinear Extensions of Games, Management Science 1972; Covert and
        Lee, Improving KernelSHAP, AISTATS 2021 (complementary pairs).
    """

    samples: int = 512
    segments: int = 48
    compactness: float = 0.1
    baseline: str = "blur"
    tolerance: float = 0.25
    engine: str = "xaudit"
    question: ClassVar[str] = Message(
        "How much does each superpixel add to the logit, averaged over what else is shown?"
    )
    package: ClassVar[str | None] = "shap"

    def __post_init__(self) -> None:
        Hiding(self.segments, self.compactness, self.baseline)
        check_engine(self.engine)
        if self.samples <= self.segments:
            raise ValueError(f"segments < samples, got {self.segments} and {self.samples}")

    def cost(self) -> tuple[int, int]:
        """Samples, every superpixel alone and every superpixel missing, and the two ends."""
        return self.samples + 2 * self.segments + 2, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        hiding = Hiding(self.segments, self.compactness, self.baseline)
        game = coalitions_of(case, hiding, context)
        residual: Residual | None = None
        if self.engine == "library":
            seed = context.seed_for(case, self.name)
            found = yield Direct(lambda evaluator: self._by_shap(evaluator, game, seed))
            residual = Residual(_NO_ERROR, None, None, _NO_ERROR)
        elif game.enumerable:
            (answer,) = yield [game.asked(game.all(), "all")]
            found = exact_shapley(game.all(), answer.logits)
        else:
            found = yield from self._sample(game)
        return self.map_of(
            case,
            game.spread(found.values),
            residual or relative_error(found.values, found.errors, self.tolerance),
            segments_used=game.count,
            additivity_gap=found.additivity_gap,
        )

    def _sample(
        self, game: Coalitions
    ) -> Generator[Sequence[Pass], Sequence[PassAnswer], ShapleyValues]:
        """Draw blocks until the error is small enough: with a half shown, and at the edge."""
        ends, alone, without = yield [
            game.asked(game.ends(), "ends"),
            game.asked(game.alone(), "alone"),
            game.asked(game.without(), "without"),
        ]
        certain = Certain(
            float(ends.logits[0]), float(ends.logits[1]), alone.logits, without.logits
        )
        drawn = {"half": Pairs.none(game.count), "edge": Pairs.none(game.count)}
        for number in game.blocks(self.samples):
            # Two blocks of one place and two of the other: 64 pairs at the edge alone say little.
            turn, place = number // 4 * 2 + number % 2, "edge" if number % 4 > 1 else "half"
            block = game.edge_block(turn, EDGE) if place == "edge" else game.block(turn)
            (answer,) = yield [game.asked(block, (place, turn), rough=True)]
            drawn[place] = drawn[place].joined(block, answer.logits)
            if not len(drawn["edge"].odd):
                found = three_places(certain, drawn["half"])
            else:
                found = five_places(certain, drawn["half"], drawn["edge"])
            if relative_error(found.values, found.errors, self.tolerance).converged:
                break
        return found

    def _by_shap(self, evaluator: Evaluator, game: Coalitions, seed: int) -> ShapleyValues:
        shap = library("shap")

        def logits(shown: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            inputs = game.asked(shown > 0.5, None).inputs
            return evaluator.answer([Pass(inputs)])[0].logits

        with numpy_state_kept():
            np.random.seed(seed % _SEEDS_OF_NUMPY)  # noqa: NPY002
            explainer = shap.KernelExplainer(logits, np.zeros((1, game.count)))
            values = explainer.shap_values(
                np.ones((1, game.count)), nsamples=self.samples, l1_reg=False, silent=True
            )
        change = float(explainer.fx[0] - explainer.fnull[0])
        gap = abs(float(values[0].sum()) - change) / abs(change) if change else 0.0
        return ShapleyValues(values[0], np.full(game.count, np.nan), gap)
