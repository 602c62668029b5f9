"""SHAP: Shapley values of superpixels."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import comb

from xaudit.core.attribution import Residual
from xaudit.core.case import BoolArray, PreparedCase
from xaudit.explain.coalitions import Coalitions, Hiding, coalitions_of
from xaudit.explain.engine import check_engine
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library, numpy_state_kept
from xaudit.explain.passes import Answer, Direct, Pass
from xaudit.explain.port import Context, Explainer, Steps, explainer
from xaudit.explain.regression import LinearFit, fit_linear
from xaudit.explain.residuals import relative_error

_SEEDS_OF_NUMPY = 2**32

# The rule of Gauss and Lobatto with five points on [0, 1]; those that mirror each other are one,
# because a coalition comes with its complement.
_EDGE = 0.5 + np.sqrt(3 / 7) / 2
_AT_ENDS, _AT_EDGE, _AT_HALF = 1 / 10, 49 / 90, 16 / 45

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ShapleyValues:
    """Shapley values of superpixels.

    Attributes:
        values: (P,).
        errors: (P,) standard errors.
        change: of the logit from nothing shown to everything shown, to which values add up.
    """

    values: Vector
    errors: Vector
    change: float

    @property
    def additivity_gap(self) -> float:
        """What is missing of the change of the logit, relative to it."""
        gap = abs(float(self.values.sum()) - self.change)
        return gap / abs(self.change) if self.change else gap


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Coalitions without their complements, and half the difference of the two logits.

    Attributes:
        shown: (N, P).
        odd: (N,).
    """

    shown: npt.NDArray[np.float64]
    odd: Vector

    @classmethod
    def none(cls, count: int) -> Pairs:
        """No pair yet."""
        return cls(np.empty((0, count)), np.empty(0))

    def joined(self, block: BoolArray, logits: Vector) -> Pairs:
        """These and the pairs of a block, in which every row is followed by its complement."""
        odd = (logits[::2] - logits[1::2]) / 2
        return Pairs(np.concatenate([self.shown, block[::2]]), np.concatenate([self.odd, odd]))

    def slopes(self) -> LinearFit:
        """What each superpixel adds, by least squares."""
        return fit_linear(self.shown, self.odd, np.ones(len(self.odd)), 0.0)


@explainer("shap")
@dataclass(frozen=True, slots=True)
class Shap(Explainer):
    """Shapley values: what each superpixel adds to the logit, averaged over what else is shown.

    With at most nine superpixels all coalitions are evaluated and the values are exact. With more,
    the value is the integral, over the share of superpixels that is shown, of what a superpixel
    adds there (Owen 1972). It is taken by a rule with five points: nothing else shown and
    everything else shown, both exact; a half, from the coalitions that LIME uses too; 17 % and
    83 %. Coalitions come with their complements, which cancels every even interaction. Values
    are not forced to add up to the change of the logit: the gap is recorded and tells of both
    errors, of sampling and of the rule.

    Attributes:
        samples: coalitions with a half shown, at most; half as many show 83 % or 17 %.
        segments: superpixels to aim at.
        compactness: of the superpixels; see `xaudit.explain.superpixels.superpixels`.
        baseline: shown where a superpixel is hidden.
        tolerance: of the standard error of the values, relative to their length.
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
    question: ClassVar[str] = (
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
        return self.samples * 3 // 2 + 2 * self.segments + 2, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        hiding = Hiding(self.segments, self.compactness, self.baseline)
        game = coalitions_of(case, hiding, context)
        residual: Residual | None = None
        if self.engine == "library":
            seed = context.seed_for(case, self.name)
            found = yield Direct(lambda evaluator: self._by_shap(evaluator, game, seed))
            residual = Residual("shap states no error", None, None, "shap states no error")
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
    ) -> Generator[Sequence[Pass], Sequence[Answer], ShapleyValues]:
        """Draw blocks until the standard error is small enough; every second one at the edge."""
        certain = yield [
            game.asked(game.ends(), "ends"),
            game.asked(game.alone(), "alone"),
            game.asked(game.without(), "without"),
        ]
        half, edge = Pairs.none(game.count), Pairs.none(game.count)
        for number in game.blocks(self.samples):
            blocks = [game.block(number)]
            asked = [game.asked(blocks[0], ("half", number), rough=True)]
            if number % 2 == 0:
                blocks.append(game.edge_block(number, _EDGE))
                asked.append(game.asked(blocks[1], ("edge", number), rough=True))
            answers = yield asked
            half = half.joined(blocks[0], answers[0].logits)
            if number % 2 == 0:
                edge = edge.joined(blocks[1], answers[1].logits)
            found = lobatto_shapley([one.logits for one in certain], half, edge)
            if relative_error(found.values, found.errors, self.tolerance).converged:
                break
        return found

    def _by_shap(self, evaluator: Evaluator, game: Coalitions, seed: int) -> ShapleyValues:
        shap = library("shap")

        def logits(shown: npt.NDArray[np.float64]) -> Vector:
            inputs = game.asked(shown > 0.5, None).inputs
            return evaluator.answer([Pass(inputs)])[0].logits

        with numpy_state_kept():
            np.random.seed(seed % _SEEDS_OF_NUMPY)  # noqa: NPY002
            explainer = shap.KernelExplainer(logits, np.zeros((1, game.count)))
            values = explainer.shap_values(
                np.ones((1, game.count)), nsamples=self.samples, l1_reg=False, silent=True
            )
        change = float(explainer.fx[0] - explainer.fnull[0])
        return ShapleyValues(values[0], np.full(game.count, np.nan), change)


def lobatto_shapley(certain: Sequence[Vector], half: Pairs, edge: Pairs) -> ShapleyValues:
    """Shapley values from five places of Owen's integral.

    The slopes at the edge are drawn towards the parabola through the other three places as far
    as their own noise explains the distance (the positive part of James and Stein, 1961): with
    more samples, or where the parabola is wrong, they stand for themselves.

    Args:
        certain: logits of the two ends (2,), of each superpixel alone (P,), and without it (P,).
        half: coalitions with a half shown.
        edge: coalitions with 83 % shown; their complements show 17 %.
    """
    (nothing, everything), alone, without = certain
    middle, sides = half.slopes(), edge.slopes()
    ends = (alone - nothing + everything - without) / 2
    away = (2 * _EDGE - 1) ** 2
    parabola = (1 - away) * middle.coefficients + away * ends
    trust = _own_share(sides.coefficients - parabola, sides.errors)
    between = trust * sides.coefficients + (1 - trust) * parabola
    values = _AT_ENDS * ends + _AT_EDGE * between + _AT_HALF * middle.coefficients
    # Of the noise at the edge, the share that is trusted is left, as of any shrunken estimate.
    errors = np.hypot(
        _AT_EDGE * np.sqrt(trust) * sides.errors,
        (_AT_HALF + _AT_EDGE * (1 - trust) * (1 - away)) * middle.errors,
    )
    return ShapleyValues(values, errors, float(everything - nothing))


def _own_share(distance: Vector, errors: Vector) -> float:
    """How much of a distance is more than noise; in [0, 1]."""
    length = float(distance @ distance)
    return max(0.0, 1 - float(errors @ errors) / length) if length else 0.0


def exact_shapley(shown: BoolArray, logits: Vector) -> ShapleyValues:
    """Shapley values from all coalitions; (2^P, P) and (2^P,) → (P,).

    Args:
        shown: every coalition, in the order of binary numbers.
        logits: of each.
    """
    count = shown.shape[1]
    values = np.empty(count)
    for player in range(count):
        with_player = shown[:, player]
        sizes = shown[~with_player].sum(axis=1)
        # In the order of binary numbers, both halves list the other players alike.
        gains = logits[with_player] - logits[~with_player]
        values[player] = np.sum(gains / (count * comb(count - 1, sizes)))
    return ShapleyValues(values, np.zeros(count), float(logits[-1] - logits[0]))
