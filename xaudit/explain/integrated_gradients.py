"""Integrated Gradients, computed by captum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import torch

from xaudit.core.attribution import AttributionMap, Parameter, Residual
from xaudit.core.case import PreparedCase
from xaudit.core.detector import Capability
from xaudit.explain.baselines import baseline_of, check_baseline
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library
from xaudit.explain.port import EXPLAINERS

_NO_CHANGE = 1e-6


@EXPLAINERS.register("integrated_gradients")
@dataclass(frozen=True, slots=True)
class IntegratedGradients:
    """Gradients summed along the straight path from a baseline to the image.

    Steps (Gauss-Legendre) are doubled until the attributions add up to the change of the logit
    within the tolerance, or ``max_steps`` is reached; the gap is the residual.

    Attributes:
        steps: points on the path at first.
        max_steps: points on the path at most.
        tolerance: of the completeness gap, relative to the change of the logit.
        baseline: see `xaudit.explain.baselines.baseline_of`.

    References:
        Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017, equation 1 and
        proposition 1 (completeness).
    """

    steps: int = 32
    max_steps: int = 128
    tolerance: float = 0.05
    baseline: str = "blur"
    name: str = field(default="integrated_gradients", init=False)
    question: str = field(
        default="Which pixels make the logit differ from that of the blurred image?", init=False
    )
    needs: frozenset[Capability] = field(default=frozenset({"gradients"}), init=False)

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if not 1 <= self.steps <= self.max_steps:
            raise ValueError(f"1 <= steps <= max_steps, got {self.steps} and {self.max_steps}")
        if self.tolerance <= 0:
            raise ValueError(f"tolerance is positive, got {self.tolerance}")

    @property
    def library(self) -> str:
        """Package and version."""
        return f"captum {version('captum')}"

    @property
    def params(self) -> Mapping[str, Parameter]:
        """Every parameter."""
        return {
            "steps": self.steps,
            "max_steps": self.max_steps,
            "tolerance": self.tolerance,
            "baseline": self.baseline,
            "rule": "gausslegendre",
        }

    def cost(self) -> tuple[int, int]:
        """Every doubling starts anew, so at most twice the last number of steps."""
        total, steps = 0, self.steps
        while steps <= self.max_steps:
            total, steps = total + steps, steps * 2
        return total + 2, total

    def explain(self, evaluator: Evaluator, case: PreparedCase, seed: int) -> AttributionMap:
        """Explain one case; see `Explainer`."""
        del seed
        image = torch.from_numpy(case.image[None].copy())
        start = baseline_of(case.image, case.inside, self.baseline)
        method = library("captum.attr").IntegratedGradients(
            evaluator.module, multiply_by_inputs=True
        )
        with evaluator.counted() as cost:
            ends = evaluator.logits(torch.stack([torch.from_numpy(start), image[0]]).numpy())
            change = float(ends[1] - ends[0])
            steps = self.steps
            while True:
                attribution = method.attribute(
                    image,
                    baselines=torch.from_numpy(start[None].copy()),
                    n_steps=steps,
                    method="gausslegendre",
                    internal_batch_size=evaluator.micro_batch,
                )
                residual = self._residual(float(attribution.double().sum()), change)
                if residual.converged is not False or steps * 2 > self.max_steps:
                    break
                steps *= 2
        return AttributionMap(
            case_id=case.case.case_id,
            method=self.name,
            values=attribution[0].sum(dim=0).float().numpy(),
            params={**self.params, "steps_used": steps},
            forward=cost.forward,
            backward=cost.backward,
            residual=residual,
        )

    def _residual(self, total: float, change: float) -> Residual:
        name = "completeness gap, relative to the change of the logit"
        if abs(change) < _NO_CHANGE:
            reason = "the logit of the baseline equals that of the image"
            return Residual(name, None, self.tolerance, reason)
        return Residual(name, abs(total - change) / abs(change), self.tolerance)
