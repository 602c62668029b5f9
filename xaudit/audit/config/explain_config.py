"""The parts of an audit file on explanations, their checks, and degraded radiographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from xaudit.audit.config.section import Section
from xaudit.core.attribution import Parameter
from xaudit.data.transforms.corruption import CORRUPTIONS


class ChecksConfig(Section):
    """How far the explanations themselves are checked."""

    cases: int = Field(
        20, ge=0, description="explained cases that the checks use; 0 switches all checks off"
    )
    cascade: int = Field(
        1, ge=1, le=20, description="steps in which layers are randomized from the top to all"
    )
    independent: int = Field(
        0, ge=0, le=20, description="layers that are also randomized alone, spread evenly"
    )
    smooth: int = Field(
        0, ge=0, le=200, description="noisy copies of each image whose mean maps are also compared "
        "with those of the randomized detector; 0 leaves it out"
    )  # fmt: skip
    shuffled_labels: Path | None = Field(
        None, description="weights of the same network trained on shuffled labels, relative to "
        "this file; maps must differ from its maps"
    )  # fmt: skip
    retrained: tuple[Path, ...] = Field(
        (), description="weights of the same network trained again, relative to this file; how "
        "far maps agree is reported"
    )  # fmt: skip
    subsets: int = Field(
        64, ge=0, le=1024, description="random sets of superpixels that are hidden under each of "
        "three fillings for infidelity and faithfulness correlation, at least 16; 0 leaves both out"
    )  # fmt: skip
    disturbances: tuple[
        Literal["noise", "exposure", "rotate_left", "rotate_right", "jpeg", "resample"], ...
    ] = Field(
        ("noise", "rotate_left"), description="small physical changes under which maps must stay"
    )
    repeats: int = Field(
        1, ge=0, le=10, description="further seeds with which every map is made again"
    )

    @field_validator("subsets")
    @classmethod
    def _none_or_enough(cls, subsets: int) -> int:
        # A map predicts a handful of subsets well by chance: a good figure that means nothing.
        if 0 < subsets < 16:
            raise ValueError(f"{subsets} subsets say nothing: give at least 16, or 0 for none")
        return subsets


class ExplainConfig(Section):
    """Which cases are explained, and by which methods."""

    cases: int = Field(60, ge=0, description="how many cases are explained; 0 explains none")
    positives: float = Field(2 / 3, ge=0, le=1, description="share of them with a fracture")
    background: int = Field(
        16, ge=0, description="images without a fracture that gradient_shap compares with"
    )
    micro_batch: int | None = Field(
        None, ge=1, description="images at once; left out, a short probe finds the fastest number"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where the detector computes; auto takes a GPU if there is one"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="number format for masked images that are averaged; bfloat16 is used where "
        "its error is measured to be small, scores and gradients stay in float32",
    )
    peak_tolerance: str = Field(
        "0 px", pattern=r"^\d+(\.\d+)? (px|mm)$",
        description="how far from a lesion a peak may lie and still find it: pixels of the input "
        "grid (“10 px”), or millimeters where the study says the pixel spacing (“5 mm”)"
    )  # fmt: skip
    checks: ChecksConfig = ChecksConfig()
    shortcuts: int = Field(
        60, ge=0, description="explained cases in which lesions, artifacts and random places are "
        "erased and scored again; 0 leaves this out"
    )  # fmt: skip
    gallery: bool = Field(
        True, description="whether the card shows cases as pictures; false where no radiograph "
        "may leave the study: then the audit keeps none"
    )  # fmt: skip
    methods: dict[str, dict[str, Parameter]] = Field(
        default={"gradcam": {}, "integrated_gradients": {}, "shap": {}, "lime": {}},
        description="method → parameters; `xaudit methods` lists both",
    )


def _known_corruption(name: str) -> str:
    if name not in CORRUPTIONS:
        raise ValueError(f"no corruption {name!r}; there is: {', '.join(CORRUPTIONS)}")
    return name


class RobustnessConfig(Section):
    """What happens when the radiographs are degraded."""

    cases: int = Field(
        100,
        ge=0,
        description="scored cases that are degraded, half of them with a fracture; "
        "0 leaves this out",
    )
    maps: int = Field(
        20, ge=0, description="explained cases with lesions whose maps are made again, by methods "
        "of at most four passes; 0 leaves this out"
    )  # fmt: skip
    corruptions: tuple[Annotated[str, AfterValidator(_known_corruption)], ...] = Field(
        ("noise", "blur", "contrast", "rotation", "jpeg", "resolution"),
        description="how images are degraded, at severities in physical units",
    )
