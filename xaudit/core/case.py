"""Cases and studies: what is audited, before and after it reaches the detector's input grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from xaudit.core.grid import Grid
from xaudit.core.message import Sentence
from xaudit.core.source import ImageSource

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

NOT_RECORDED = "not recorded"
"""The level of a group where a study says nothing."""

AnnotationForm = Literal["mask", "box", "none"]
Effect = Literal["unreadable", "unexplained", "excluded", "noted"]


class Region(Protocol):
    """Where one lesion lies in its upright image, or one artifact."""

    @property
    def form(self) -> AnnotationForm:
        """Whether the annotator outlined the lesion or a box around it."""

    def rasterize(self, grid: Grid) -> BoolArray:
        """The lesion on the grid of its upright image, in its shape; at least one pixel is set.

        Raises:
            DataError: the region does not fit this image or covers none of it.
        """


@dataclass(frozen=True, slots=True)
class AnnotatorReading:
    """What one annotator says of an image.

    Attributes:
        annotator: a code ("reader 2"), or the name where the study declares names harmless.
        label: True where this annotator says "fractured".
        lesions: as this annotator outlines them.
    """

    annotator: str
    label: bool
    lesions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One image of a study and what is known of it; pixels stay on disk.

    Attributes:
        case_id: unique in the study, shown in reports: nothing private may be in it.
        patient: the independent unit, never shown.
        label: True where the reference standard says "fractured".
        image: what reads it; in a file, `xaudit.data.pixels.image_file.ImageFile`.
        lesions: one region for each annotated lesion; empty where there is none.
        ignored: regions that are neither lesion nor background: they are not scored.
        readings: of each annotator, where several annotated it; label and lesions follow from
            them by a declared rule.
        artifacts: named regions of things that should not decide (marker, cast, metal).
        site: hospital or scanner, where it is known.
        groups: column → level, for every column that a table may be cut by.
        inverted: True where bright and dark are stored the other way round (MONOCHROME1).
        spacing: millimeters from one pixel of the upright image to the next; None if not known.
        examination: what images that were taken together have in common, never shown; None where
            the study does not say.
        views: images of one examination that the detector sees together, each at its place, None
            where one is missing; empty where a case is one image. Lesions and artifacts of the
            examination are those of its views: each is placed in the image of its own view.
    """

    case_id: str
    patient: str
    label: bool
    image: ImageSource
    lesions: tuple[Region, ...] = ()
    artifacts: Mapping[str, Region] = field(default_factory=dict)
    site: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    inverted: bool = False
    spacing: float | None = None
    ignored: tuple[Region, ...] = ()
    examination: str | None = None
    readings: tuple[AnnotatorReading, ...] = ()
    views: tuple[Case | None, ...] = ()

    @property
    def images(self) -> tuple[Case, ...]:
        """The case itself, or those of its views that are there."""
        return tuple(one for one in self.views if one is not None) or (self,)

    @property
    def form(self) -> AnnotationForm:
        """Whether any lesion is outlined ("mask"), all are boxes ("box"), or there is none."""
        forms = {lesion.form for lesion in self.lesions}
        if not forms:
            return "none"
        return "mask" if "mask" in forms else "box"


@dataclass(frozen=True, slots=True)
class CaseIssue:
    """One thing that is wrong with one case, and what followed from it.

    Attributes:
        case_id: the case as the study lists it.
        kind: a short slug ("truncated", "duplicate", "label_contradicts_lesions", ...).
        detail: what was expected and what came, for a reader.
        effect: "unreadable" (no score; counted as a miss in the worst case), "unexplained"
            (scored, but no map), "excluded" (left out by a declared rule), "noted" (used).
    """

    case_id: str
    kind: str
    detail: Sentence
    effect: Effect


@dataclass(frozen=True, slots=True)
class Study:
    """The cases of one audit, in a fixed order, and where they came from.

    Attributes:
        name: how reports call the study.
        cases: every case that the study lists and that is to be scored.
        issues: what was found while the study was read; cases excluded by a declared rule are
            named here and are not in ``cases``.
        source: where the data came from (citation, DOI, commit), for the card.
        license: under which terms, for the card.
        unit: "patient", or "image" where the study declares one image per patient.
        unit_note: the declaration behind the unit, for the card.
        site_column: which column stands for the site, and None if the study has none.
        listed: how many cases the study lists, excluded ones included.
        labeled: False where nothing says what is fractured: no ``label`` may be read.
    """

    name: str
    cases: tuple[Case, ...]
    issues: tuple[CaseIssue, ...] = ()
    source: str = ""
    license: str = ""
    unit: Literal["patient", "image"] = "patient"
    unit_note: Sentence = ""
    site_column: str | None = None
    listed: int = 0
    labeled: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCase:
    """A case on the input grid of the detector: what is scored, explained and measured.

    Attributes:
        case: where it came from.
        image: (C, H, W) float32 in [0, 1]; C is 1 for a gray input and 3 for a color one.
        lesions: (L, H, W) bool, one plane for each lesion; L is 0 without lesions.
        inside: (H, W) bool, what is scored: False on padding and on ignored pixels.
        source: grid of the upright image; of the first view where there are several.
        grid: of the detector's input, with the distance of its pixels where that of the image is
            known, and is the same in all views.
        issues: what was noticed while the case was prepared.
        ignored: (H, W) bool, pixels of the image that the annotation calls neither lesion nor
            background; None where there are none.
    """

    case: Case
    image: FloatArray
    lesions: BoolArray
    inside: BoolArray
    source: Grid
    grid: Grid
    issues: tuple[CaseIssue, ...] = ()
    ignored: BoolArray | None = None

    @property
    def shown(self) -> BoolArray:
        """What the detector sees of the image, scored or not; (H, W), False on padding."""
        return self.inside if self.ignored is None else self.inside | self.ignored

    @property
    def lesion_mask(self) -> BoolArray:
        """The union of the lesions; (H, W)."""
        union: BoolArray = np.any(self.lesions, axis=0)
        return union
