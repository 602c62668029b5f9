"""Feed of an ONNX model: how images enter it, and which of its outputs are the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from xaudit.core.case import FloatArray
from xaudit.core.detector import InputSpec
from xaudit.core.text.printable import printable
from xaudit.errors import DetectorError

Layout = Literal["NCHW", "NHWC"]
_KINDS: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
_SCALE = 1 / 255
"""`std` of a model that takes whole numbers from 0 to 255."""


class SessionValue(Protocol):
    """An input or output of a session of onnxruntime."""

    name: str
    type: str
    shape: Sequence[int | str | None]


@dataclass(frozen=True, slots=True)
class Feed:
    """The one input of a model.

    Attributes:
        name: of the input.
        kind: of its numbers.
        layout: "NCHW", or "NHWC" where the channels come last.
        batch: images that it takes, no more and no fewer; None for any number.
    """

    name: str
    kind: type[np.generic]
    layout: Layout
    batch: int | None

    def of(self, planes: FloatArray) -> npt.NDArray[np.generic]:
        """Images as the model takes them; (N, C, H, W) → one of its layouts.

        Raises:
            DetectorError: it takes whole numbers from 0 to 255, and these are others.
        """
        if self.layout == "NHWC":
            planes = planes.transpose(0, 2, 3, 1)
        if self.kind is np.uint8:
            planes = np.rint(planes)
            if planes.min() < 0 or planes.max() > 255:
                raise DetectorError(
                    "the model takes whole numbers from 0 to 255, got "
                    f"{planes.min():.4g} to {planes.max():.4g}; see detector.input"
                )
        return np.ascontiguousarray(planes, dtype=self.kind)


def find_feed(inputs: Sequence[SessionValue], layout: str, spec: InputSpec) -> Feed:
    """The input for images.

    Args:
        inputs: of the model.
        layout: "auto", "NCHW" or "NHWC".
        spec: how the detector is declared.

    Raises:
        DetectorError: the model takes something else than is declared.
    """
    if len(inputs) != 1:
        raise DetectorError(
            f"the model takes {len(inputs)} inputs, {listed(inputs)}; expected one, the images: "
            "export it with the others as constants"
        )
    one = inputs[0]
    kind = _KINDS.get(one.type)
    if kind is None or len(one.shape) != 4:
        raise DetectorError(
            f"the model takes {listed(inputs)}, expected images: N x C x H x W or N x H x W x C, "
            f"of one of {', '.join(_KINDS)}"
        )
    order = _layout(one.shape, layout, spec)
    _refuse_scale(kind, spec)
    batch = one.shape[0]
    return Feed(one.name, kind, order, batch if isinstance(batch, int) and batch > 0 else None)


def _layout(shape: Sequence[int | str | None], asked: str, spec: InputSpec) -> Layout:
    declared = (spec.channels, spec.height, spec.width)
    orders: dict[Layout, tuple[int, int, int]] = {"NCHW": (1, 2, 3), "NHWC": (3, 1, 2)}
    if asked not in {"auto", *orders}:
        raise DetectorError(
            f"detector.arguments.layout: expected auto, {' or '.join(orders)}, got {asked!r}"
        )
    fitting = [
        order
        for order, axes in orders.items()
        if asked in {"auto", order} and _fits([shape[axis] for axis in axes], declared)
    ]
    if not fitting:
        said = " x ".join(str(side) for side in shape)
        raise DetectorError(
            f"the model takes images of {printable(said)}, detector.input declares {declared[0]} "
            f"channels of {declared[1]} x {declared[2]}; correct height, width or channels"
        )
    return fitting[0]


def _fits(sides: Sequence[int | str | None], declared: Sequence[int]) -> bool:
    pairs = zip(sides, declared, strict=True)
    return all(side == wanted or not isinstance(side, int) or side < 1 for side, wanted in pairs)


def _refuse_scale(kind: type[np.generic], spec: InputSpec) -> None:
    """Whole numbers are pixels of 8 bits: nothing else was exported so."""
    if kind is not np.uint8:
        return
    if any(spec.mean) or any(abs(one - _SCALE) > 1e-6 for one in spec.std):
        raise DetectorError(
            "the model takes whole numbers from 0 to 255 (uint8): declare mean: [0.0] and std: "
            f"[{_SCALE:.10f}] in detector.input, got {list(spec.mean)} and {list(spec.std)}"
        )


def find_output(outputs: Sequence[SessionValue], name: str) -> str:
    """Name of the output that holds the scores.

    Args:
        outputs: of the model.
        name: as it is declared; empty where the model has one output.

    Raises:
        DetectorError: there is no such output, or none is named of several.
    """
    names = [output.name for output in outputs]
    if name and name not in names:
        raise DetectorError(
            f"detector.arguments.output {name!r}: no such output; there is {listed(outputs)}"
        )
    if not name and len(names) != 1:
        raise DetectorError(
            f"the model has {len(names)} outputs, {listed(outputs)}; name the one that holds the "
            "scores (detector.arguments.output)"
        )
    chosen = outputs[names.index(name) if name else 0]
    if not chosen.type.startswith("tensor("):
        raise DetectorError(f"the output is {listed([chosen])}, expected a tensor of scores")
    return chosen.name


def listed(values: Sequence[SessionValue]) -> str:
    """Inputs or outputs with their shapes, for messages."""
    return ", ".join(
        f"{printable(value.name)} ({' x '.join(printable(str(side)) for side in value.shape)}, "
        f"{value.type})"
        for value in values
    )
