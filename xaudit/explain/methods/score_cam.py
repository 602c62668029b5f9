"""Score-CAM: feature maps, weighted by the logit of the image seen through each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import softmax

from xaudit.core.case import FloatArray, PreparedCase
from xaudit.core.detector import Capability
from xaudit.core.message import Message
from xaudit.explain.engine.inputs import Faded, Images
from xaudit.explain.engine.memo_keys import IMAGE
from xaudit.explain.engine.passes import Direct, Pass
from xaudit.explain.methods.cam import raw_cam, upsampled
from xaudit.explain.numerics.engine_choice import check_engine
from xaudit.explain.perturbation.baselines import check_baseline, emptied
from xaudit.explain.port import Context, Explainer, Steps, explainer


@explainer("score_cam")
@dataclass(frozen=True, slots=True)
class ScoreCam(Explainer):
    """Each feature map becomes a mask over the image; its weight is the softmax of the logit.

    One pass for each feature map: a thousand or two for the networks of the field. No gradients.

    Attributes:
        baseline: what shines through where a mask is 0; the paper multiplies, which is "black".
        engine: "library" is grad-cam, which always multiplies.

    References:
        Wang et al., Score-CAM, CVPR workshop 2020, with the softmax of grad-cam.
    """

    baseline: str = "black"
    engine: str = "xaudit"
    question: ClassVar[str] = Message("Which feature maps, used as masks, keep the logit high?")
    needs: ClassVar[frozenset[Capability]] = frozenset({"features"})
    package: ClassVar[str | None] = "grad-cam"

    def __post_init__(self) -> None:
        check_baseline(self.baseline)
        check_engine(self.engine)
        if self.engine == "library" and self.baseline != "black":
            raise ValueError(f"engine library has baseline black, got {self.baseline!r}")

    def cost(self) -> tuple[int, int]:
        """One pass for each feature map; how many there are depends on the detector."""
        return 1025, 1

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        if self.engine == "library":
            raw = yield Direct(lambda evaluator: raw_cam("ScoreCAM", evaluator, case.image))
            return self.map_of(case, upsampled(raw, case.inside.shape, case.grid.views))
        (image,) = yield [Pass(Images(case.image[None]), features=True, key=IMAGE)]
        activations = image.features.activations[0]
        start = emptied(case, self.baseline)
        masks = _Masks(activations, case.inside.shape, case.grid.views)
        (answer,) = yield [Pass(Faded(case.image, start, masks))]
        raw = np.tensordot(softmax(answer.logits), activations, 1)
        large = upsampled(raw, case.inside.shape, case.grid.views)
        return self.map_of(case, large, feature_maps=len(masks))


@dataclass(frozen=True, slots=True, eq=False)
class _Masks:
    """Feature maps, enlarged and stretched to [0, 1]."""

    activations: FloatArray
    shape: tuple[int, ...]
    views: int = 1

    def __len__(self) -> int:
        return len(self.activations)

    def __getitem__(self, row: int) -> FloatArray:
        large = upsampled(self.activations[row], self.shape, self.views)
        span = large.max() - large.min()
        return np.asarray((large - large.min()) / (span + 1e-8), dtype=np.float32)
