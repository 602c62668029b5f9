"""The configuration of an audit: YAML on disk, one typed object here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    field_validator,
    model_validator,
)

from xaudit.audit.suspicions.suspicions import refuse_unknown
from xaudit.core.attribution import Parameter
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.record.interim import Spending
from xaudit.data.annotations.mask_files import MaskLesions
from xaudit.data.consensus import Consensus
from xaudit.data.folds import FoldDesign
from xaudit.data.pixels.mask_values import MaskValues
from xaudit.data.spec import Holes
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.output import DRAWN, OutputKind, OutputSpec
from xaudit.models.own_code import asked
from xaudit.models.spec import OF_FORMAT, TORCH


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    refuse_unknown(names)
    return names


Acknowledged = Annotated[tuple[str, ...], AfterValidator(_known)]
ACKNOWLEDGE = (
    "names of suspicions that somebody answers for, as `xaudit check` prints them: until then no "
    "verdict is better than inconclusive"
)


class Section(BaseModel):
    """A part of the configuration; a key that is not listed is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IntersectionsConfig(Section):
    """Which groups are combined, and how many at a time."""

    of: tuple[str, ...] = Field(min_length=2, description="names of groups")
    depth: int = Field(2, ge=2, le=3, description="how many groups meet at most")


class SubtletyConfig(Section):
    """How hard a fracture is to see: a group that fractures alone have."""

    column: str = Field(description="the group")
    levels: tuple[str, ...] = Field(
        (), description="from what is plain to what is hardly seen; others follow"
    )

    @model_validator(mode="before")
    @classmethod
    def _of_a_column(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str) else value

    def ordered(self, there: Sequence[str]) -> list[str]:
        """The levels that are there in the declared order, others behind them."""
        declared = [level for level in self.levels if level in there]
        return [*declared, *(level for level in there if level not in declared)]


SUBTLETY = (
    "group that says how hard a fracture is to see (hairline, overlap, ...), or {column, levels}, "
    "levels from plain to hardly seen: each level is set against all normal cases"
)


class DataConfig(Section):
    """Which study is audited."""

    format: str = Field(
        description="layout of the study: manifest, dicom, fracatlas, coco, yolo, voc, ... "
        "(`xaudit init` recognizes it), or the name of an installed format"
    )
    root: Path = Field(description="folder of the study, relative to this file")
    manifest: Path | None = Field(None, description="CSV or JSON manifest, relative to root")
    name: str = Field("", description="how the card calls the study")
    source: str = Field("", description="citation, DOI or commit, for the card")
    license: str = Field("", description="terms under which the data are used, for the card")
    dates: str = Field("", description="when the images were made, for the card")
    patient: str | None = Field(
        None, description="column with the patient; leave out to declare one image per patient"
    )
    site: str | None = Field(None, description="column that stands for hospital or scanner")
    groups: tuple[str, ...] = Field((), description="columns to cut tables by; empty takes all")
    intersections: IntersectionsConfig | None = Field(
        None, description="combinations of groups that are tables too"
    )
    types: tuple[str, ...] = Field(
        (), description="groups that are types of fracture, which normal cases do not have: each "
        "level is set against all normal cases"
    )  # fmt: skip
    subtlety: SubtletyConfig | None = Field(None, description=SUBTLETY)
    bins: dict[str, tuple[float, ...]] = Field(
        default_factory=dict, description="column → inner borders, for numbers such as age"
    )
    merge: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="column → level → texts that it takes, where there are many; * takes the rest",
    )
    missing: tuple[str, ...] | dict[str, tuple[str, ...]] | None = Field(
        None,
        description="texts that hold nothing instead of nan, NA, null, ... (column → texts for "
        "single columns); an empty cell always holds nothing",
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="role → column, where a manifest uses other names"
    )
    positive: tuple[str, ...] = Field(
        (), description="label values, or classes, that mean fractured"
    )
    split: tuple[str, ...] = Field((), description="values of the split column to audit")
    invert: bool = Field(False, description="bright and dark are swapped in every image")
    mask_lesions: MaskLesions = Field(
        "one", description="whether a mask file holds one lesion, or one per component or value"
    )
    mask_values: MaskValues | None = Field(
        None, description="which values of mask files are lesion, ignore (not scored) and "
        "background: numbers, or colors such as “#ff0000”"
    )  # fmt: skip
    holes: Holes = Field(
        "filled", description="whether rings of a polygon within each other are filled or, with "
        "even_odd, holes"
    )  # fmt: skip
    consensus: Consensus | None = Field(
        None, description="which label (majority, any, all or {annotator: NAME}) and lesions "
        "(majority, union, intersection, staple or {annotator: NAME}) count where several "
        "annotators read an image, what ties count as, and whether names of annotators are shown"
    )  # fmt: skip
    examinations: Literal["mean", "max", "noisy_or"] | None = Field(
        None, description="how the logits of images that were taken together (column "
        "examination) become one, for figures of whole examinations: mean, max, or noisy_or, the "
        "probability that not all of them are normal"
    )  # fmt: skip
    exclude_duplicates: bool = Field(
        False, description="leave out every byte-identical copy but the first"
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="what a layout asks for besides: where annotations and images lie, how "
        "names tell the patient, which classes are artifacts, what stands for labels",
    )
    near_duplicates: bool = Field(
        False, description="decode every image beforehand to name those that show the same picture"
    )


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


class BandConfig(Section):
    """A part of the ROC curve."""

    rate: Literal["specificity", "sensitivity"] = Field(description="what is held in the band")
    low: float = Field(ge=0, lt=1, description="lower end")
    high: float = Field(1.0, gt=0, le=1, description="upper end")

    @model_validator(mode="after")
    def _in_order(self) -> BandConfig:
        if self.low >= self.high:
            raise ValueError(f"a band has low < high, got {self.low} and {self.high}")
        return self


_Rate = Annotated[float, Field(ge=0, le=1)]
_Inner = Annotated[float, Field(gt=0, lt=1)]


class StatisticsConfig(Section):
    """How numbers are made and when they may be judged."""

    draws: int = Field(2000, ge=200, le=100_000, description="bootstrap replicates")
    prevalence: float | None = Field(
        None, gt=0, lt=1, description="share of fractures in intended use, for PPV and NPV"
    )
    minimum: tuple[int, int] = Field(
        (10, 30), description="positives for an interval, and for a verdict"
    )
    hit: Literal["center"] | Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="when a box finds a lesion: from this overlap (IoU) on, or where its "
        "center lies in the lesion's box"
    )  # fmt: skip
    partial_auc: tuple[BandConfig, ...] = Field(
        (), description="parts of the ROC curve whose area is reported"
    )
    at_specificity: tuple[_Rate, ...] = Field(
        (), description="specificities at which the sensitivity is read off the ROC curve"
    )
    at_sensitivity: tuple[_Rate, ...] = Field(
        (), description="sensitivities at which the specificity is read off the ROC curve"
    )
    acting: tuple[_Inner, ...] = Field(
        (),
        description="probabilities of a fracture at which one would just act, for the net benefit: "
        "0.1 means that nine false alarms weigh as much as one fracture found",
    )
    case_mix: tuple[str, ...] = Field(
        (),
        description="groups that make a case hard or easy (body part, view): gaps of all others "
        "are also given among cases that are alike in them",
    )
    margins: dict[Literal["sensitivity", "specificity", "auc"], _Inner] = Field(
        default_factory=dict,
        description="metric → largest difference between groups that does not matter; only with a "
        "margin can groups be shown to be equal",
    )

    @property
    def least_iou(self) -> float | None:
        """Overlap from which on a box finds a lesion; None where its center decides."""
        return None if self.hit == "center" else self.hit


class InterimConfig(Section):
    """When `--profile ci` reads the rules while the audit runs."""

    fractions: tuple[float, ...] = Field(
        (0.25, 0.5, 0.75, 1.0),
        min_length=1,
        max_length=10,
        description="shares of the patients after which the rules are read, rising to 1; [1] reads "
        "them once, at the end",
    )
    spending: Spending = Field(
        "obrien_fleming",
        description="how the error is spent over the analyses: obrien_fleming keeps nearly all of "
        "it for the end, pocock stops earlier and needs more cases",
    )

    @model_validator(mode="after")
    def _rising(self) -> InterimConfig:
        given = (0.0, *self.fractions)
        if given[-1] != 1 or any(b - a < 0.01 for a, b in pairwise(given)):
            raise ValueError(
                "expected shares that rise by at least 0.01 and end with 1, got "
                f"{list(self.fractions)}"
            )
        return self


_OF_SINGLE_IMAGES = {
    "examinations": "the detector gives an examination one score, there is nothing to join",
    "exclude_duplicates": "an examination without one of its views is another input; copies are "
    "told all the same",
    "near_duplicates": "pictures are compared image by image",
}
"""Keys of the data that mean nothing where a case is an examination, and why."""


class AuditConfig(Section):
    """One audit: a detector, a study, methods, statistics and a policy."""

    name: str = Field(min_length=1, description="how reports call the audit")
    seed: int = Field(0, ge=0, description="everything random is spawned from it")
    data: DataConfig
    detector: DetectorConfig
    explain: ExplainConfig = ExplainConfig()
    statistics: StatisticsConfig = StatisticsConfig()
    robustness: RobustnessConfig = RobustnessConfig()
    probes: dict[str, dict[str, Parameter]] = Field(
        default_factory=dict, description="probe of an installed package → parameters"
    )
    interim: InterimConfig = InterimConfig()
    policy: Path | None = Field(None, description="policy file, relative to this file")
    device: Path | None = Field(None, description="declared facts, relative to this file")
    acknowledge: Acknowledged = Field((), description=ACKNOWLEDGE)
    max_failed: float = Field(
        0.05, ge=0, le=1, description="share of cases that may fail before the audit itself fails"
    )

    @model_validator(mode="after")
    def _examinations_are_whole(self) -> AuditConfig:
        if self.detector.input.views is None:
            return self
        for key, why in _OF_SINGLE_IMAGES.items():
            if getattr(self.data, key):
                raise ValueError(f"data.{key} with detector.input.views: {why}; leave it out")
        return self

    @model_validator(mode="after")
    def _folds_have_no_counterparts(self) -> AuditConfig:
        checks = self.explain.checks
        if self.detector.folds and (checks.shuffled_labels or checks.retrained):
            raise ValueError(
                "explain.checks.shuffled_labels and retrained are of one detector; with "
                "detector.folds there are several: leave them out"
            )
        return self
