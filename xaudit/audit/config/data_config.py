"""The part of an audit file on the study: which one, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from xaudit.audit.config.section import Section
from xaudit.data.annotations.mask_files import MaskLesions
from xaudit.data.consensus import Consensus
from xaudit.data.pixels.mask_values import MaskValues
from xaudit.data.spec import Holes


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
