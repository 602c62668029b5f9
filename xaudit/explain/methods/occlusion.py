"""Occlusion: what is lost when one superpixel is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xaudit.core.case import PreparedCase
from xaudit.core.message import Message
from xaudit.explain.perturbation.coalitions import Hiding, coalitions_of
from xaudit.explain.port import Context, Explainer, Steps, explainer


@explainer("occlusion")
@dataclass(frozen=True, slots=True)
class Occlusion(Explainer):
    """The logit of the image minus that of the image with one superpixel hidden.

    Exact: nothing is sampled. Where two superpixels carry the same evidence, neither is missed.

    Attributes:
        segments: superpixels to aim at.
        compactness: of the superpixels; see `xaudit.explain.perturbation.superpixels.superpixels`.
        baseline: shown where a superpixel is hidden.

    References:
        Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014.
    """

    segments: int = 48
    compactness: float = 0.1
    baseline: str = "blur"
    question: ClassVar[str] = Message(
        "How much does the logit fall when this superpixel alone is hidden?"
    )

    def __post_init__(self) -> None:
        Hiding(self.segments, self.compactness, self.baseline)

    def cost(self) -> tuple[int, int]:
        """One pass for each superpixel, and the two ends."""
        return self.segments + 2, 0

    def explain(self, case: PreparedCase, context: Context) -> Steps:
        """Explain one case; see `Explainer`."""
        hiding = Hiding(self.segments, self.compactness, self.baseline)
        game = coalitions_of(case, hiding, context)
        ends, without = yield [
            game.asked(game.ends(), "ends"), game.asked(game.without(), "without"),
        ]  # fmt: skip
        lost = ends.logits[1] - without.logits
        return self.map_of(case, game.spread(lost), segments_used=game.count)
