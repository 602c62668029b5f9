"""DeepLIFT and guided backpropagation, computed by captum on a modular copy of the detector."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.message import Message
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.memo_keys import IMAGE, baseline_key
from xaudit.explain.engine.passes import Direct, Pass
from xaudit.explain.numerics.libraries import library
from xaudit.explain.numerics.modular import modular
from xaudit.explain.numerics.rescale import every_activation_rescaled
from xaudit.explain.numerics.residuals import completeness_gap
from xaudit.explain.perturbation.baselines import check_baseline, emptied
from xaudit.explain.port import Context, Explainer, Steps, explainer


@explainer("deeplift")
@dataclass(frozen=True, slots=True)
class DeepLift(Explainer):
    """DeepLIFT with the rescale rule: differences from a baseline, handed back layer by layer.

    Attributions add up to the change of the logit where every nonlinear layer is an activation or
    maximum pooling. captum 0.9 has the rule for ReLU, leaky ReLU, ELU, softplus, sigmoid, tanh and
    pooling; on ReLU6, Hardswish, SiLU, GELU and the like it takes the plain gradient and says
    nothing, so that rule is added here. Products of two things that depend on the image (squeeze
    and excitation, attention) and layer norm keep the plain gradient. The gap is always measured
    and is the residual: maps that do not add up are not believed.

    Attributes:
        baseline: see `xaudit.explain.perturbation.baselines.baseline_of`.
        tolerance: of the completeness gap, relative to the change of the logit.

    Raises:
        ValueError: a parameter is not allowed.

    References:
        Shrikumar, Greenside and Kundaje, Learning Important Features Through Propagating
        Activation Differences, ICML 2017, equations 1 (summation to delta) and 10 to 12 (rescale
        rule, without the split into positive and negative parts).
    """

    baseline: str = "blur"
    tolerance: float = 0.05
    question: ClassVar[str] = Message(
        "Which pixels make the logit differ from that of the baseline?"
    )
    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})
    package: ClassVar[str | None] = "captum"

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        if self.tolerance <= 0:
            raise ValueError(f"tolerance is positive, got {self.tolerance}")

    def cost(self) -> tuple[int, int]:
        """Both ends forward, then both again, joined, forward and backward."""
        return 4, 2

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        start = emptied(case, self.baseline)
        image, origin = yield [
            Pass(Images(case.image[None]), key=IMAGE),
            Pass(Images(start[None]), key=baseline_key(self.baseline)),
        ]
        values = yield Direct(lambda evaluator: deeplift_of(evaluator, case.image, start))
        change = float(image.logits[0] - origin.logits[0])
        residual = completeness_gap(values, change, self.tolerance)
        if residual.value is not None and residual.value > self.tolerance:
            yield Direct(refuse_hidden_layers)
        return self.map_of(case, values, residual)


@explainer("guided_backprop")
@dataclass(frozen=True, slots=True)
class GuidedBackprop(Explainer):
    """Guided backpropagation: a negative control that fails sanity checks. Do not believe it.

    Negative gradients are dropped at every ReLU, which draws sharp edges of the image whatever
    the detector has learned: maps hardly change when its weights are randomized (Adebayo et al.,
    Sanity Checks for Saliency Maps, NeurIPS 2018, section 4). It is here to show that an audit
    notices.

    Raises:
        ExplainerError: the network has no ReLU; the map would be the plain gradient.

    References:
        Springenberg et al., Striving for Simplicity: The All Convolutional Net, ICLR 2015
        workshop, section 3.4.
    """

    question: ClassVar[str] = Message(
        "Negative control, known to fail sanity checks: where are edges that ReLUs let through?"
    )
    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})
    package: ClassVar[str | None] = "captum"

    def cost(self) -> tuple[int, int]:
        """One pass forward, one backward."""
        return 1, 1

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        values = yield Direct(lambda evaluator: guided_gradient(evaluator, case.image))
        return self.map_of(case, values)


def deeplift_of(evaluator: Evaluator, image: FloatArray, baseline: FloatArray) -> FloatArray:
    """DeepLIFT attributions of the pixels, channels summed; (C, H, W) twice → (H, W)."""
    method = library("captum.attr").DeepLift(evaluator.rewritten(modular))
    start = torch.from_numpy(baseline[None].copy()).to(evaluator.device)
    with _hooks_are_no_news(), every_activation_rescaled():
        return _summed(method.attribute(_pixels(evaluator, image), start))


def refuse_hidden_layers(evaluator: Evaluator) -> None:
    """Refuse a model none of whose layers can be seen, such as one that runs in the sandbox.

    Raises:
        ExplainerError: it is not linear, and no layer has a rule: the map would be the gradient
            times the difference from the baseline.
    """
    parts = list(evaluator.rewritten(modular).modules())
    with every_activation_rescaled() as rules:
        if not any(isinstance(part, rules) for part in parts):
            raise ExplainerError(
                "deeplift hands differences back layer by layer, and no layer of this model can be "
                "seen; leave deeplift out of explain.methods"
            )


def guided_gradient(evaluator: Evaluator, image: FloatArray) -> FloatArray:
    """Gradient of the logit without what ReLUs would pass back negative; (C, H, W) → (H, W).

    Raises:
        ExplainerError: the network has no ReLU.
    """
    module = evaluator.rewritten(modular)
    if not any(isinstance(part, torch.nn.ReLU) for part in module.modules()):
        raise ExplainerError(
            "guided_backprop changes what ReLUs pass back, and the detector has none: expected "
            "torch.nn.ReLU, F.relu or torch.relu; leave guided_backprop out of explain.methods"
        )
    with _hooks_are_no_news():
        guided = library("captum.attr").GuidedBackprop(module)
        return _summed(guided.attribute(_pixels(evaluator, image)))


def _pixels(evaluator: Evaluator, image: FloatArray) -> torch.Tensor:
    return torch.from_numpy(image[None].copy()).to(evaluator.device).requires_grad_(True)


def _summed(attribution: torch.Tensor) -> FloatArray:
    return np.asarray(attribution[0].detach().sum(dim=0).float().cpu().numpy())


@contextmanager
def _hooks_are_no_news() -> Iterator[None]:
    """Silence captum's notice that it sets hooks: it sets them on a copy and removes them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Setting (forward, )?backward hooks", UserWarning)
        yield
