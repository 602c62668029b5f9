"""Specification of a study: which one is read, and what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from xaudit.core.detector import Views
from xaudit.data.annotations.mask_files import MaskLesions
from xaudit.data.consensus import Consensus
from xaudit.data.pixels.mask_values import MaskValues
from xaudit.data.tables.levels import Merge
from xaudit.data.tables.missing import MissingTexts

Holes = Literal["filled", "even_odd"]


@dataclass(frozen=True, slots=True)
class DataSpec:
    """The declaration behind a study.

    Attributes:
        format: name of a reader in `xaudit.data.format.FORMATS` ("fracatlas", "coco", ...).
        root: folder of the study; no path of the study may lead out of it.
        manifest: CSV or JSON file that lists the cases, or says beside annotations of whom an
            image is; relative paths count from ``root``.
        name: how reports call the study; the folder's name where it is empty.
        source: citation, DOI or commit, for the card.
        license: terms of use, for the card.
        patient: column with the patient. None: the manifest's column "patient" if it has one, and
            otherwise the declaration that each patient has one image.
        site: column with the hospital or scanner. None: the column "site" if there is one.
        groups: columns that tables are cut by; empty takes all that have few levels.
        bins: column → inner borders, for columns of numbers ("age": (5, 12)).
        merge: column → level → texts that it takes, for columns of many texts; "*" takes the rest.
        missing: texts that hold nothing, for all columns or column → texts; None takes those that
            hold nothing by themselves (`xaudit.data.tables.missing`).
        columns: role → column, where a manifest uses names of its own. Roles: id, image, label,
            patient, site, mask, polygons, boxes, rle, split, photometric, annotator.
        positive: label values or classes that mean "fractured"; empty takes 1, true, yes,
            fractured, ... of a manifest, and is refused where classes have to be named.
        split: values of the split column to use; empty uses every row.
        invert: bright and dark are stored the other way round in every image (MONOCHROME1).
        mask_lesions: whether a mask file holds one lesion, one for each connected component, or
            one for each value.
        mask_values: what the values of mask files mean; None where 0 is background and one other
            value the lesion.
        holes: whether rings of one lesion that lie within each other are filled, or count as holes
            ("even_odd").
        consensus: which label and lesions count where several annotators read an image; None
            where they never disagree.
        examinations: how the scores of images that were taken together become one; None where
            every image stands for itself.
        exclude_duplicates: leave out every byte-identical copy but the first.
        options: what a format asks for besides (`xaudit.data.listing.options`).
        views: how the images of an examination become one case; None where each is one.
    """

    format: str
    root: Path
    manifest: Path | None = None
    name: str = ""
    source: str = ""
    license: str = ""
    patient: str | None = None
    site: str | None = None
    groups: tuple[str, ...] = ()
    bins: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    merge: Mapping[str, Merge] = field(default_factory=dict)
    missing: MissingTexts = None
    columns: Mapping[str, str] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    invert: bool = False
    mask_lesions: MaskLesions = "one"
    mask_values: MaskValues | None = None
    holes: Holes = "filled"
    exclude_duplicates: bool = False
    consensus: Consensus | None = None
    examinations: Literal["mean", "max", "noisy_or"] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    views: Views | None = None
