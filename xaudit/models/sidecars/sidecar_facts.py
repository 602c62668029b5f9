"""Facts of a file beside the weights, as far as they can be declared.

What it says and xaudit cannot declare exactly is told and left open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, object]

READ = ("height", "width", "resize", "crop_pct", "interpolation", "mean", "std",
        "intensity")  # fmt: skip
"""Keys of `detector.input` on which a file may say something."""
# By the numbers of Pillow, which timm and Hugging Face resize with.
PIL = {1: "pil_lanczos", 2: "pil_bilinear", 3: "pil_bicubic", 4: "pil_box"}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What it answers.

    Attributes:
        source: name of the file.
        values: keys of `detector.input` → value.
        remarks: key → what the file says that cannot be declared as it is.
        architecture: of timm, if it names one.
        doubts: whether what it leaves open stays open whatever other files say; not for a file that
            merely proves nothing.
    """

    source: str
    values: Values = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    doubts: bool = True


def normalization(mean: object, std: object) -> tuple[dict[str, object], dict[str, str]]:
    """Mean and standard deviation, both or neither, and what is told instead.

    Of pixels in [0, 1] no mean lies above 1, and no deviation.

    Args:
        mean: as the file says it.
        std: likewise.
    """
    said = {"mean": mean, "std": std}
    if mean is None and std is None:
        return {}, {}
    if not all(_shares(one) for one in said.values()) or 0 in as_list(std):
        told = f"it says mean {mean}, std {std}; both have to speak of pixels in [0, 1]"
        return {}, dict.fromkeys(said, told)
    return {key: [float(one) for one in as_list(value)] for key, value in said.items()}, {}


def as_list(value: object) -> list[Any]:
    """The list itself; an empty one of anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def _shares(value: object) -> bool:
    numbers = as_list(value)
    return (
        len(numbers) in {1, 3, 4}
        and all(type(number) in {int, float} and math.isfinite(number) for number in numbers)
        and min(numbers) >= 0
        and max(numbers) <= 1
    )


def whole_numbers(values: object, count: int) -> bool:
    """Whether it is a list of so many positive whole numbers."""
    numbers = as_list(values)
    return len(numbers) == count and all(type(number) is int and number > 0 for number in numbers)
