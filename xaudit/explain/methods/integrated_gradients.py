"""Integrated Gradients: gradients summed along the straight path from a baseline."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.message import Message
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Between, Images
from xaudit.explain.engine.memo_keys import IMAGE, baseline_key
from xaudit.explain.engine.passes import Direct, Pass, PassAnswer
from xaudit.explain.numerics.engine_choice import check_engine
from xaudit.explain.numerics.libraries import library
from xaudit.explain.numerics.quadrature import AdaptiveTrapezoids, Node, node, refinements
from xaudit.explain.numerics.residuals import completeness_gap, disagreement
from xaudit.explain.perturbation.baselines import baselines_of, check_baselines
from xaudit.explain.port import Context, Explainer, Steps, explainer

_AT_LEAST = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """The attributions along one path.

    Attributes:
        values: (H, W), channels summed.
        change: of the logit from the baseline to the image.
        steps: that were used.
        error: of the map that is expected, relative to its length; None where that is 0, and
            where captum doubled nothing.
    """

    values: FloatArray
    change: float
    steps: int
    error: float | None

    def converged(self, tolerance: float) -> bool:
        """Whether neither the map nor its sum is expected to be wrong by more."""
        if completeness_gap(self.values, self.change, tolerance).converged is False:
            return False
        return not self.values.any() if self.error is None else self.error <= tolerance


@explainer("integrated_gradients")
@dataclass(frozen=True, slots=True)
class IntegratedGradients(Explainer):
    """Gradients summed along the straight path from a baseline to the image.

    The path is cut into equal intervals at first. The quarter of them that adds most to the
    expected error is halved again and again, until that error and the completeness gap are within
    the tolerance, or ``max_steps`` is reached; the gap is the residual. All points stay in use.

    Attributes:
        steps: intervals on the path at first.
        max_steps: intervals at most.
        tolerance: of the expected error, relative to the length of the map, and of the
            completeness gap, relative to the change of the logit.
        baseline: see `xaudit.explain.perturbation.baselines.baseline_of`; several are joined by
            "+", and the map is their mean.
        engine: "library" is captum, with points of Gauss and Legendre; all of them are doubled.

    References:
        Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017, equation 1 and
        proposition 1 (completeness).
    """

    steps: int = 8
    max_steps: int = 128
    tolerance: float = 0.05
    baseline: str = "blur"
    engine: str = "xaudit"
    question: ClassVar[str] = Message(
        "Which pixels make the logit differ from that of the baseline?"
    )
    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})
    package: ClassVar[str | None] = "captum"

    def __post_init__(self) -> None:
        check_baselines(self.baseline)
        check_engine(self.engine)
        if not 2 <= self.steps <= self.max_steps:
            raise ValueError(f"2 <= steps <= max_steps, got {self.steps} and {self.max_steps}")
        if self.tolerance <= 0:
            raise ValueError(f"tolerance is positive, got {self.tolerance}")

    def cost(self) -> tuple[int, int]:
        """All points of the finest path; captum starts again with every doubling."""
        paths = self.baseline.count("+") + 1
        if self.engine == "library":
            levels = refinements(self.steps, self.max_steps)
            return paths * (sum(levels) + 2), paths * sum(levels)
        return paths * (self.max_steps + 1), paths * (self.max_steps + 1)

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        paths: list[_Path] = []
        for name, start in baselines_of(case, self.baseline).items():
            if self.engine == "library":
                call = partial(self._by_captum, case.image, start)
                paths.append((yield Direct(call)))
            else:
                paths.append((yield from self._path(case.image, start, name)))
        gaps = [completeness_gap(path.values, path.change, self.tolerance) for path in paths]
        worst = max(gaps, key=lambda gap: np.inf if gap.value is None else gap.value)
        return self.map_of(
            case, np.mean([path.values for path in paths], axis=0), worst, **_found(paths)
        )

    def _path(
        self, image: FloatArray, start: FloatArray, name: str
    ) -> Generator[Sequence[Pass], Sequence[PassAnswer], _Path]:
        inner = np.linspace(0, 1, self.steps + 1)[1:-1]
        answers = yield [
            Pass(Images(start[None]), gradients=True, key=baseline_key(name)),
            Pass(Between(start, image, inner), gradients=True),
            Pass(Images(image[None]), gradients=True, key=IMAGE),
        ]
        parts = [np.zeros(1), inner, np.ones(1)]
        nodes = [
            one for at, answer in zip(parts, answers, strict=True)
            for one in _nodes(at, answer, image - start)
        ]  # fmt: skip
        integral = AdaptiveTrapezoids(nodes)
        change = nodes[-1].logit - nodes[0].logit
        while not (path := _found_by(integral, change)).converged(self.tolerance):
            more = refined(len(integral), self.max_steps - len(integral))
            if not more:
                break
            middles = integral.middles(more)
            (answer,) = yield [Pass(Between(start, image, middles), gradients=True)]
            integral.split(_nodes(middles, answer, image - start))
        return path

    def _by_captum(self, image: FloatArray, start: FloatArray, evaluator: Evaluator) -> _Path:
        method = library("captum.attr").IntegratedGradients(evaluator.module)
        pixels, origin = (
            torch.from_numpy(one[None].copy()).to(evaluator.device) for one in (image, start)
        )
        with torch.no_grad():
            ends = evaluator.module(torch.cat([origin, pixels])).double()
        change = float(ends[1] - ends[0])
        path: _Path | None = None
        for steps in refinements(self.steps, self.max_steps):
            attribution = method.attribute(
                pixels, baselines=origin, n_steps=steps, method="gausslegendre",
                internal_batch_size=evaluator.micro_batch,
            )  # fmt: skip
            values = attribution[0].sum(dim=0).float().cpu().numpy()
            moved = disagreement(path.values, values) if path else None
            path = _Path(values, change, steps, moved)
            if path.converged(self.tolerance):
                break
        assert path is not None
        return path


def refined(intervals: int, left: int) -> int:
    """How many intervals are halved at once: a quarter, so that nodes go where others showed."""
    return min(max(intervals // 4, _AT_LEAST), left)


def _nodes(at: npt.NDArray[np.float64], answer: PassAnswer, way: FloatArray) -> list[Node]:
    """Points of the path with what was answered for them."""
    assert answer.gradients is not None
    maps = (answer.gradients * way).sum(axis=1)
    return [node(*one) for one in zip(at, answer.logits, maps, strict=True)]


def _found_by(integral: AdaptiveTrapezoids, change: float) -> _Path:
    values = integral.integral.astype(np.float32)
    return _Path(values, change, len(integral), integral.expected_error)


def _found(paths: Sequence[_Path]) -> dict[str, float | int | None]:
    errors = [path.error for path in paths if path.error is not None]
    found: dict[str, float | int | None] = {
        "steps_used": max(path.steps for path in paths),
        "expected_error": max(errors, default=None),
    }
    if len(paths) > 1:
        found["spread_over_baselines"] = max(
            disagreement(paths[0].values, path.values) for path in paths[1:]
        )
    return found
