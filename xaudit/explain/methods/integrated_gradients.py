"""Integrated Gradients: gradients summed along the straight path from a baseline."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
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
from xaudit.explain.numerics.quadrature import clenshaw_curtis, new_points, refinements
from xaudit.explain.numerics.residuals import completeness_gap, disagreement
from xaudit.explain.perturbation.baselines import baselines_of, check_baselines
from xaudit.explain.port import Context, Explainer, Steps, explainer


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """The attributions along one path.

    Attributes:
        values: (H, W), channels summed.
        change: of the logit from the baseline to the image.
        steps: that were used.
        moved: how much the last doubling changed the map; None if there was none.
    """

    values: FloatArray
    change: float
    steps: int
    moved: float | None = None


@explainer("integrated_gradients")
@dataclass(frozen=True, slots=True)
class IntegratedGradients(Explainer):
    """Gradients summed along the straight path from a baseline to the image.

    Steps are doubled until the attributions add up to the change of the logit within the
    tolerance, or ``max_steps`` is reached; the gap is the residual. Points of the Clenshaw-Curtis
    rule are nested, so a doubling pays for the new ones alone.

    Attributes:
        steps: intervals on the path at first; even.
        max_steps: intervals at most.
        tolerance: of the completeness gap, relative to the change of the logit.
        baseline: see `xaudit.explain.perturbation.baselines.baseline_of`; several are joined by
            "+", and the map is their mean.
        engine: "library" is captum, with points of Gauss and Legendre that are not nested.

    References:
        Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017, equation 1 and
        proposition 1 (completeness).
    """

    steps: int = 32
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
        if not 2 <= self.steps <= self.max_steps or self.steps % 2:
            raise ValueError(
                f"steps is even and 2 <= steps <= max_steps, got {self.steps} and {self.max_steps}"
            )
        if self.tolerance <= 0:
            raise ValueError(f"tolerance is positive, got {self.tolerance}")

    def cost(self) -> tuple[int, int]:
        """Points of the last refinement; captum starts again with every doubling."""
        levels = refinements(self.steps, self.max_steps)
        paths = self.baseline.count("+") + 1
        if self.engine == "library":
            return paths * (sum(levels) + 2), paths * sum(levels)
        return paths * (levels[-1] + 1), paths * (levels[-1] + 1)

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
        levels = refinements(self.steps, self.max_steps)
        ends = [
            Pass(Images(image[None]), gradients=True, key=IMAGE),
            Pass(Images(start[None]), gradients=True, key=baseline_key(name)),
        ]
        sums: list[FloatArray] = []
        path: _Path | None = None
        change = 0.0
        for index, steps in enumerate(levels):
            points, weights = new_points(levels, index)
            inner = Pass(Between(start, image, points), gradients=True, weights=weights)
            answers = yield [inner, *ends]
            if ends:
                sums, ends = _end_sums(levels, answers[1:]), []
                change = float(answers[1].logits[0] - answers[2].logits[0])
            inside = answers[0].gradients
            assert inside is not None
            sums = [one + new for one, new in zip(sums, inside, strict=True)]
            values = (sums.pop(0) * (image - start)).sum(axis=0)
            moved = disagreement(path.values, values) if path else None
            path = _Path(values, change, steps, moved)
            if completeness_gap(values, change, self.tolerance).converged is not False:
                break
        assert path is not None
        return path

    def _by_captum(self, image: FloatArray, start: FloatArray, evaluator: Evaluator) -> _Path:
        method = library("captum.attr").IntegratedGradients(evaluator.module)
        pixels, origin = (
            torch.from_numpy(one[None].copy()).to(evaluator.device) for one in (image, start)
        )
        with torch.no_grad():
            ends = evaluator.module(torch.cat([origin, pixels])).double()
        change = float(ends[1] - ends[0])
        for steps in refinements(self.steps, self.max_steps):
            attribution = method.attribute(
                pixels, baselines=origin, n_steps=steps, method="gausslegendre",
                internal_batch_size=evaluator.micro_batch,
            )  # fmt: skip
            values = attribution[0].sum(dim=0).float().cpu().numpy()
            if completeness_gap(values, change, self.tolerance).converged is not False:
                break
        return _Path(values, change, steps)


def _end_sums(levels: Sequence[int], ends: Sequence[PassAnswer]) -> list[FloatArray]:
    """What the two ends of the path add to the sum of each level."""
    at_image, at_start = (end.gradients[0] for end in ends if end.gradients is not None)
    # Both ends have the same weight in a symmetric rule.
    return [float(clenshaw_curtis(level)[1][0]) * (at_image + at_start) for level in levels]


def _found(paths: Sequence[_Path]) -> dict[str, float | int | None]:
    found: dict[str, float | int | None] = {
        "steps_used": max(path.steps for path in paths),
        "moved_by_last_doubling": max((path.moved or 0.0 for path in paths), default=None),
    }
    if len(paths) > 1:
        found["spread_over_baselines"] = max(
            disagreement(paths[0].values, path.values) for path in paths[1:]
        )
    return found
