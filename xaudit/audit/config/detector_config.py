"""The part of an audit file on the detector: what it is, what goes in and what comes out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from xaudit.audit.config.section import Section
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.data.folds import FoldDesign
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.output import DRAWN, OutputKind, OutputSpec
from xaudit.models.own_code import asked
from xaudit.models.spec import OF_FORMAT, TORCH


class OutputConfig(Section):
    """What the network returns."""

    kind: OutputKind = Field(
        "logit",
        description="logit (one number), two_logits, softmax (logits of any number of classes), "
        "multi_label (independent logits), probability (a sigmoid is left in), probabilities (a "
        "softmax is left in), boxes or segmentation",
    )
    positive: int | tuple[int, ...] = Field(
        0, description="which column means fractured, from 0; a list of them for classes that "
        "exclude each other: then their probabilities are added"
    )  # fmt: skip
    boxes: BoxesSpec | None = Field(
        None, description="of kind boxes: layout, activation, rule (max or noisy_or), threshold, "
        "nms, most, format and normalized"
    )  # fmt: skip
    masks: MasksSpec | None = Field(
        None, description="of kind segmentation: activation, rule (max or mean_of_top) and share"
    )

    @model_validator(mode="before")
    @classmethod
    def _drawn_as_usual(cls, given: object) -> object:
        """What is not said of boxes or masks is written down too."""
        if not isinstance(given, dict):
            return given
        usual: dict[str, dict[str, object]] = {
            "boxes": {"boxes": {}},
            "segmentation": {"masks": {}},
        }
        kind = given.get("kind")
        return usual.get(kind, {}) | given if isinstance(kind, str) else given

    @model_validator(mode="after")
    def _positive_fits(self) -> OutputConfig:
        self.resolve()
        return self

    def resolve(self) -> OutputSpec:
        """What the head needs."""
        return OutputSpec(self.kind, self.positive, self.boxes, self.masks)


class OperatingPointConfig(Section):
    """A threshold, on the logit or on the probability."""

    name: str = Field(min_length=1)
    logit: float | None = None
    probability: Annotated[float, Field(gt=0, lt=1)] | None = None
    origin: Literal["fixed", "chosen_on_study"] = Field(
        description="fixed before this study was seen, or chosen on it: then no verdict is read"
    )
    note: str = Field("", description="how the threshold was chosen, for the card")
    inclusive: bool = Field(
        False, description="positive is a score >= the threshold; left out, a score > it"
    )

    @model_validator(mode="after")
    def _one_scale(self) -> OperatingPointConfig:
        if (self.logit is None) == (self.probability is None):
            raise ValueError("give either logit or probability")
        return self

    def resolve(self) -> OperatingPoint:
        """The threshold on the logit."""
        logit = self.logit
        if logit is None:
            assert self.probability is not None
            logit = math.log(self.probability / (1 - self.probability))
        return OperatingPoint(self.name, logit, self.origin, self.note, self.inclusive)


class FoldDetectorsConfig(Section):
    """A detector for each fold of a cross-validation: a case goes to the one not trained on it."""

    column: str = Field(min_length=1, description="group that says of which fold a case is")
    design: FoldDesign = Field(description="how the folds were made")
    weights: dict[str, Path] = Field(
        min_length=2, description="fold → weights of the detector that was trained without it"
    )


_OF_TORCH = ("weights_key", "weights_prefix", "weights_leave_out")
"""Keys that speak of what is inside a file of weights."""


class DetectorConfig(Section):
    """Which detector is audited, and what it declares of itself."""

    name: str = Field(min_length=1)
    version: str = ""
    format: str = Field(
        TORCH, min_length=1, description="of weights: torch; http or command where the detector "
        "runs elsewhere; or a format in which the file is the whole model (onnx, torchscript, pt2, "
        "keras, litert, huggingface, or one of an installed package); only torch has an "
        "architecture"
    )  # fmt: skip
    architecture: str = Field(
        description="torchvision:NAME, timm:NAME or package.module:factory, which runs only where "
        "--allow-code names it too",
        pattern=r".+:.+",
    )
    arguments: dict[str, str | int | float | bool | None] = Field(
        default_factory=dict,
        description="passed to the factory of the architecture, or to the reader of the format",
    )
    weights: Path | None = Field(
        description="safetensors or state_dict, relative to this file, or a file of the format; "
        "left out with folds, and where the format has no file"
    )
    weights_key: str | None = Field(
        None, min_length=1, description="which of several states in the file is audited, dotted "
        "where nested (state_dict_ema, ema.module); every file of weights has it"
    )  # fmt: skip
    weights_prefix: str | None = Field(
        None, pattern=r"^.+\.$", description="names that begin so are taken, without it, and all "
        "others are left out (“model.”, with its dot); every file of weights has it"
    )  # fmt: skip
    weights_leave_out: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="entries that are not loaded: a name, or a beginning with its dot "
        "(“criterion.”), as they stand in the file; every file of weights has them"
    )  # fmt: skip
    folds: FoldDetectorsConfig | None = Field(
        None, description="a detector for each fold of a cross-validation, instead of weights"
    )
    input: InputSpec
    output: OutputConfig = OutputConfig()
    target_layer: str | None = Field(
        None,
        description="dotted name of the layer whose output Grad-CAM reads; what the head pools is "
        "found if left out",
    )
    operating_points: tuple[OperatingPointConfig, ...] = Field(min_length=1)
    # Private, so that no file can say it.
    _allow_code: frozenset[str] = PrivateAttr(frozenset())
    _env: frozenset[str] = PrivateAttr(frozenset())
    _sandbox: bool = PrivateAttr(False)

    @property
    def allow_code(self) -> frozenset[str]:
        """What whoever runs the audit allows: factories, services, programs; never of the file."""
        return self._allow_code

    @property
    def env(self) -> frozenset[str]:
        """Environment variables that may be read besides those of xaudit; never of the file."""
        return self._env

    @property
    def sandbox(self) -> bool:
        """Whether the model runs in a box; never of the file."""
        return self._sandbox

    @property
    def asked(self) -> str | None:
        """What has to be allowed, as ``--allow-code`` names it; None for nothing.

        Raises:
            DetectorError: the address of a service is none, or holds secrets.
        """
        return asked(self.format, self.architecture, self.arguments, self.weights)

    def allowing(self, names: frozenset[str], env: frozenset[str] = frozenset()) -> Self:
        """The same with this allowed."""
        allowed = self.model_copy()
        allowed._allow_code, allowed._env = names, env
        return allowed

    def boxed(self, *, sandbox: bool) -> Self:
        """The same, in a box or without."""
        boxed = self.model_copy()
        boxed._sandbox = sandbox
        return boxed

    @model_validator(mode="before")
    @classmethod
    def _format_or_architecture(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        kind, named = given.get("format", TORCH), given.get("architecture")
        own = OF_FORMAT.format(kind)
        if kind == TORCH:
            if isinstance(named, str) and named.startswith(OF_FORMAT.format("")):
                raise ValueError(f"architecture {named!r} is a format: say format: NAME instead")
            return given
        torch_only = [name for name in _OF_TORCH if given.get(name) not in (None, (), [])]
        if torch_only or named not in (None, own):
            raise ValueError(
                f"format {kind}: the file is the whole model; leave out "
                f"{', '.join(torch_only or ['architecture'])}"
            )
        # Whether the format has a file, its reader knows.
        return {"weights": None, **given, "architecture": own}

    @model_validator(mode="before")
    @classmethod
    def _weights_or_folds(cls, given: object) -> object:
        folds = given.get("folds") if isinstance(given, dict) else None
        weights = folds.get("weights") if isinstance(folds, dict) else None
        if not isinstance(given, dict) or not isinstance(weights, dict) or not weights:
            return given
        if given.get("weights") is not None:
            raise ValueError("give either weights or folds, which have weights of their own")
        # The first stands for all where one detector has to be looked at: they differ in it alone.
        return given | {"weights": next(iter(weights.values()))}

    @model_validator(mode="after")
    def _torch_has_weights(self) -> DetectorConfig:
        if self.format == TORCH and self.weights is None:
            raise ValueError("weights: are missing; an architecture needs a file of them")
        return self

    @model_validator(mode="after")
    def _views_are_of_torch(self) -> DetectorConfig:
        if self.input.views is not None and self.format != TORCH:
            raise ValueError(
                f"input.views: a network that takes several views has format {TORCH}, got "
                f"{self.format}; load the model in a factory of your own (architecture)"
            )
        if self.input.views is not None and self.output.kind in DRAWN:
            raise ValueError(
                f"output.kind {self.output.kind}: boxes and masks are audited on one image, not on "
                "the input.views of an examination"
            )
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> DetectorConfig:
        names = [point.name for point in self.operating_points]
        if len(set(names)) < len(names):
            raise ValueError(f"operating points need different names, got {names}")
        return self
