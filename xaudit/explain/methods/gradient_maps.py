"""Maps read from gradients with respect to the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from xaudit.core.case import PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.message import Message
from xaudit.explain.engine.inputs import Images, Noisy
from xaudit.explain.engine.memo_keys import IMAGE
from xaudit.explain.engine.passes import Pass
from xaudit.explain.numerics.residuals import halves
from xaudit.explain.port import Context, Explainer, Steps, explainer

_BLOCK = 16


@dataclass(frozen=True, slots=True)
class _OfTheImage(Explainer):
    """A map from the gradient at the image itself."""

    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})

    def cost(self) -> tuple[int, int]:
        """One pass forward, one backward."""
        return 1, 1


@explainer("saliency")
@dataclass(frozen=True, slots=True)
class Saliency(_OfTheImage):
    """The size of the gradient, whichever way it points.

    It has no sign: a place where a brighter pixel would speak against a fracture counts as much.

    References:
        Simonyan et al., Deep Inside Convolutional Networks, ICLR workshop 2014, section 3; the
        channels are summed first, which is the gradient with respect to gray.
    """

    question: ClassVar[str] = Message(
        "Where would a small change of the pixels move the logit most?"
    )

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        (answer,) = yield [Pass(Images(case.image[None]), gradients=True, key=IMAGE)]
        return self.map_of(case, np.abs(answer.gradients[0].sum(axis=0)))


@explainer("input_x_gradient")
@dataclass(frozen=True, slots=True)
class InputXGradient(_OfTheImage):
    """Pixel times gradient: the first term of a Taylor series around black.

    References:
        Shrikumar et al., Not Just a Black Box, arXiv:1605.01713.
    """

    question: ClassVar[str] = Message("What does each pixel add, if the detector were linear?")

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        (answer,) = yield [Pass(Images(case.image[None]), gradients=True, key=IMAGE)]
        return self.map_of(case, (case.image * answer.gradients[0]).sum(axis=0))


@explainer("smoothgrad")
@dataclass(frozen=True, slots=True)
class SmoothGrad(Explainer):
    """The mean gradient over noisy copies of the image; signed.

    Copies are added until two halves of them agree.

    Attributes:
        samples: noisy copies, at most.
        sigma: of the noise, on the scale of pixels in [0, 1].
        tolerance: of the disagreement of the halves.

    References:
        Smilkov et al., SmoothGrad, arXiv:1706.03825.
    """

    samples: int = 128
    sigma: float = 0.05
    tolerance: float = 0.1
    question: ClassVar[str] = Message("Which pixels move the logit, averaged over images nearby?")
    needs: ClassVar[frozenset[Capability]] = frozenset({"gradients"})

    def __post_init__(self) -> None:
        if self.samples < 2 or self.sigma <= 0:
            raise ValueError(f"samples >= 2 and sigma > 0, got {self.samples} and {self.sigma}")

    def cost(self) -> tuple[int, int]:
        """One pass forward and backward for each copy."""
        return self.samples, self.samples

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        sums, drawn = np.zeros((2, *case.image.shape)), 0
        while drawn < self.samples:
            count = min(_BLOCK, self.samples - drawn)
            noisy = Noisy(
                case.image, self.sigma, context.seed_for(case, self.name, str(drawn)), count
            )
            # Even and odd copies are summed apart.
            turns = np.stack([np.arange(count) % 2 == half for half in (0, 1)]).astype(np.float64)
            (answer,) = yield [Pass(noisy, gradients=True, weights=turns)]
            sums, drawn = sums + answer.gradients, drawn + count
            residual = halves(list(sums.sum(axis=1)), self.tolerance)
            if residual.converged:
                break
        return self.map_of(case, sums.sum(axis=(0, 1)) / drawn, residual, samples_used=drawn)
