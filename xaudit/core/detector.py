"""The detector under audit, behind one port."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray
from xaudit.core.grid import Grid
from xaudit.core.message import Message, one_after_another
from xaudit.core.source import Intensity

_NAMED = 5
_MEANS = (-1.0, 2.0)
_LARGEST_STD = 2.0
_MOST_VIEWS = 16
"""What can be meant on the [0, 1] scale, generously; the scale 0 to 255 lies far outside."""
Capability = Literal["gradients", "features", "boxes", "masks"]


Interpolation = Literal[
    "area", "bilinear", "bicubic",
    "pil_box", "pil_bilinear", "pil_bicubic", "pil_lanczos",
    "cv2_area", "cv2_linear", "cv2_cubic",
    "torch_area", "torch_bilinear", "torch_bicubic",
    "torch_bilinear_antialias", "torch_bicubic_antialias",
    "torch_bilinear_uint8", "torch_bicubic_uint8",
    "torch_bilinear_rounded", "torch_bicubic_rounded",
]  # fmt: skip
"""How an image is resized: exactly, by definition, or as a library does it to the last digit."""


@dataclass(frozen=True, slots=True)
class Views:
    """The images of one examination that a detector sees together.

    Attributes:
        count: how many the network takes, 2 to 16.
        column: group that says which view an image is; None where views come in the order of their
            ids.
        levels: of the column, in the order in which the network takes them: each has its place,
            whatever else is there.
        absent: gray value in [0, 1] of the whole image where a view is missing.
        surplus: what is done with images that have no place: "refuse" the study, or take the
            "first" that have one and leave the others out with an issue.
    """

    count: int
    column: str | None = None
    levels: tuple[str, ...] = ()
    absent: float = 0.0
    surplus: Literal["refuse", "first"] = "refuse"

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 2 <= self.count <= _MOST_VIEWS:
            raise ValueError(f"an examination has 2 to {_MOST_VIEWS} views, got {self.count}")
        if not 0 <= self.absent <= 1:
            raise ValueError(f"absent is a gray value in [0, 1], got {self.absent}")
        if (self.column is None) != (not self.levels):
            raise ValueError("give column and levels both, or neither")
        if self.levels and len(set(self.levels)) != self.count:
            raise ValueError(
                f"expected {self.count} different levels, one for each view, got "
                f"{list(self.levels)}"
            )


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the detector expects to see.

    An image becomes upright, gray or RGB in [0, 1], is brought to ``height`` × ``width``, and
    enters the network as ``(x - mean) / std`` on ``channels`` planes.

    Attributes:
        height: rows of the input grid; of one view where there are several.
        width: columns of the input grid.
        color: "gray" (repeated over the channels) or "rgb".
        channels: planes that the first layer takes.
        resize: "letterbox" (keep the aspect, pad), "stretch", or "crop" (keep the aspect, cut).
        crop_pct: share of the resized image that is kept in the middle, in (0, 1]: below 1 the
            image is resized for ``height / crop_pct`` rows, rounded down, and a margin is cut off.
        interpolation: "area", "bilinear" or "bicubic", which xaudit computes exactly, or the kind
            of a library, to the last digit: "pil_bilinear", "cv2_area", "torch_bilinear", ...
        pad: gray value of the padding, in [0, 1].
        mean: one value for each channel, or one for all, on the [0, 1] scale.
        std: likewise.
        intensity: how stored values become [0, 1]: "dtype" divides by the type's maximum,
            ``bits: 12`` by 4095, "percentile" maps the 0.5th and 99.5th percentile to 0 and 1,
            "minmax" the extremes.
        views: of an examination, where the detector sees several images at once; None for one.
    """

    height: int
    width: int
    color: Literal["gray", "rgb"] = "gray"
    channels: int = 3
    resize: Literal["letterbox", "stretch", "crop"] = "letterbox"
    crop_pct: float = 1.0
    interpolation: Interpolation = "area"
    pad: float = 0.0
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    intensity: Intensity = "dtype"
    views: Views | None = None

    # Read by pydantic where a configuration holds an input specification.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.height < 8 or self.width < 8:
            raise ValueError(f"input is at least 8 x 8 pixels, got {self.height} x {self.width}")
        if not 1 <= self.channels <= 4:
            raise ValueError(f"a network takes 1 to 4 channels, got {self.channels}")
        if self.color == "rgb" and self.channels != 3:
            raise ValueError(f"color 'rgb' needs channels: 3, got {self.channels}")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in {1, self.channels}:
                raise ValueError(f"{name} has 1 or {self.channels} values, got {len(values)}")
        if min(self.std) <= 0:
            raise ValueError(f"std is positive, got {self.std}")
        _refuse_other_scale(self.mean, self.std)
        _refuse_no_share(self.crop_pct, self.pad)

    @property
    def grid(self) -> Grid:
        """The input grid, views one under another; the image says how far its pixels lie apart."""
        count = self.views.count if self.views else 1
        return Grid((count * self.height, self.width), views=count)

    @property
    def one_view(self) -> InputSpec:
        """What is expected of each view."""
        return replace(self, views=None)


def _refuse_no_share(crop_pct: float, pad: float) -> None:
    if not 0 < crop_pct <= 1:
        raise ValueError(f"crop_pct lies above 0 and not above 1, got {crop_pct}")
    if not 0 <= pad <= 1:
        raise ValueError(f"pad lies in [0, 1], got {pad}")


def _refuse_other_scale(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    """Refuse what can only belong to stored values: pixels are in [0, 1] when it is applied.

    Small std are left alone: 1 / 255 feeds a network that was trained on 0 to 255.
    """
    low, high = _MEANS
    outside = [value for value in mean if not low <= value <= high]
    wide = [value for value in std if value > _LARGEST_STD]
    for name, wrong, declared in (("mean", outside, mean), ("std", wide, std)):
        if wrong:
            shown = ", ".join(f"{value / 255:.4g}" for value in declared)
            raise ValueError(
                f"{name} is on the scale where pixels lie in [0, 1], got {list(declared)}; where "
                f"it was written for 0 to 255, divide by 255 ({name}: [{shown}]), mean and std both"
            )


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold with a name: a case is called positive where its logit exceeds it.

    Every decision is made by `edge`, so that none forgets whether the threshold itself counts.

    Attributes:
        name: used in scopes and policies.
        logit: the threshold on the logit; a probability p is declared as log(p / (1 - p)).
        origin: "fixed" before the study was seen, or "chosen_on_study": then its figures
            describe this study only and no verdict is read from them.
        note: how the threshold was chosen, for the card.
        inclusive: a case whose logit is the threshold is called positive too.
    """

    name: str
    logit: float
    origin: Literal["fixed", "chosen_on_study"]
    note: str = ""
    inclusive: bool = False

    @property
    def edge(self) -> float:
        """A case is called positive where its logit is greater than this number.

        It is the threshold, or the number just below it where the threshold itself counts.
        """
        return math.nextafter(self.logit, -math.inf) if self.inclusive else self.logit


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a file of weights a network received.

    Attributes:
        key: of the state in the file, dotted; empty where the file is that state.
        prefix: that was taken off the names; empty for none.
        left_out: names of entries that do not begin with the prefix.
        beside: keys of other states of the file.
    """

    key: str = ""
    prefix: str = ""
    left_out: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """In words, for provenance."""
        parts = [Message("state {key}", key=self.key) if self.key else Message("the whole file")]
        if self.beside:
            parts.append(Message("not {names}", names=self.beside))
        if self.prefix:
            parts.append(Message("prefix {prefix} taken off", prefix=self.prefix))
        if self.left_out:
            more = ["…"] if len(self.left_out) > _NAMED else []
            named = [*self.left_out[:_NAMED], *more]
            parts.append(
                Message("{n} entries left out: {names}", n=len(self.left_out), names=named)
            )
        return one_after_another(parts, "; ")

    @classmethod
    def together(cls, several: Sequence[Taken]) -> Taken:
        """What the detectors of several folds received, each thing named once."""
        return cls(
            " / ".join(dict.fromkeys(one.key for one in several)),
            " / ".join(dict.fromkeys(one.prefix for one in several)),
            tuple(dict.fromkeys(name for one in several for name in one.left_out)),
            tuple(dict.fromkeys(name for one in several for name in one.beside)),
        )


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model of another format is, beyond its scores; it may have this as `facts`.

    Attributes:
        by: what computes it, with version: "onnxruntime 1.32.0 on the CPU"; empty to say nothing.
        limits: what it does not offer and why, and what else has to be known; sentences.
    """

    by: str = ""
    limits: tuple[str, ...] = ()


class Detector(Protocol):
    """Images in, one logit for the positive class out."""

    @property
    def name(self) -> str:
        """How reports call the detector."""

    @property
    def input(self) -> InputSpec:
        """What the detector expects to see."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it offers besides scores."""

    def logits(self, images: FloatArray) -> npt.NDArray[np.float64]:
        """Logits of the positive class; (N, C, H, W) in [0, 1] → (N,)."""


@runtime_checkable
class Scores(Protocol):
    """A model of any kind, called as it is; all that a detector has to offer."""

    def __call__(self, planes: FloatArray, /) -> FloatArray:
        """Outputs, as declared; (N, C, H, W) normalized as declared → (N, K)."""


@runtime_checkable
class Elsewhere(Scores, Protocol):
    """A model that runs outside of this process."""

    source: str
    """Where it is and how it is asked, for readers; holds no secret."""

    @property
    def batch(self) -> int:
        """Images at once that suit it: it is not probed for the fastest number."""

    def stated(self) -> Mapping[str, str]:
        """What it says of itself, asked now; empty where it says nothing."""

    def close(self) -> None:
        """Let go of it."""


@runtime_checkable
class Stands(Protocol):
    """A network that stands for a model that it was made from, and can be held against it."""

    def compare(self, planes: FloatArray, outputs: FloatArray, /) -> None:
        """Hold answers against those of the model.

        Args:
            planes: (N, C, H, W), normalized as declared.
            outputs: (N, K), of the network.

        Raises:
            DetectorError: the model answers otherwise.
        """


@runtime_checkable
class Gradients(Scores, Protocol):
    """A model that can be differentiated."""

    def gradients(self, planes: FloatArray, slopes: FloatArray, /) -> FloatArray:
        """Derivative of the sum of all slopes times outputs with respect to the planes.

        Args:
            planes: (N, C, H, W).
            slopes: (N, K).

        Returns:
            (N, C, H, W).
        """
