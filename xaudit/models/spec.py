"""What a configuration says of a detector; read without torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xaudit.core.detector import InputSpec
from xaudit.models.heads.output import ROUNDING, OutputSpec

TORCH = "torch"
"""The format of a file of weights that an architecture takes."""
OF_FORMAT = "format:{}"
"""The architecture of a model that is one file of another format."""
Argument = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """Architecture, weights, input and output of a detector.

    Attributes:
        name: how reports call it.
        version: as its maker numbers it.
        architecture: "torchvision:NAME", "timm:NAME" or "package.module:factory"; what `OF_FORMAT`
            makes of a format that is not torch's.
        weights: safetensors or a state_dict; the model where it has another format; None where it
            has no file.
        arguments: passed to the factory, or to the reader of the format.
        input: what it expects to see.
        output: what it returns.
        target_layer: dotted name of the layer whose output Grad-CAM reads; None to find what the
            head pools.
        weights_key: of the state in the file, dotted; None where the file holds one.
        weights_prefix: of the names to take; None to take one off that all share, if that fits.
        weights_leave_out: names of entries that are not loaded, and beginnings with their dot.
        allow_code: names of factories, "module:factory", that may run although they are none of
            torchvision, timm or xaudit; services and programs, as
            `xaudit.models.remote.permission.asked` names them.
        format: of the file: `TORCH`, or another one.
        env: environment variables that may be read besides those that begin with ``XAUDIT_``.
        sandbox: whether the model, or the program, runs in a box; see `xaudit.models.sandbox`.
    """

    name: str
    version: str
    architecture: str
    weights: Path | None
    input: InputSpec
    output: OutputSpec = field(default_factory=OutputSpec)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    target_layer: str | None = None
    weights_key: str | None = None
    weights_prefix: str | None = None
    weights_leave_out: tuple[str, ...] = ()
    allow_code: Collection[str] = ()
    format: str = TORCH
    env: Collection[str] = ()
    sandbox: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a detector says of N images, and of the first M of them asked otherwise.

    Attributes:
        outputs: (N, K), what the network returned before anything was made of it.
        logits: (N,), in batches.
        again: (M,), the same batches asked once more.
        alone: (M,), each image by itself.
        moved: (M,), each image at another place among others.
        rounding: how far probabilities may be off in the number format of the outputs.
    """

    outputs: npt.NDArray[np.float64]
    logits: npt.NDArray[np.float64]
    again: npt.NDArray[np.float64]
    alone: npt.NDArray[np.float64]
    moved: npt.NDArray[np.float64]
    rounding: float = ROUNDING
