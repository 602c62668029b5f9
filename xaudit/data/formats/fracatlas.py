"""FracAtlas in its own layout: dataset.csv, images/ and COCO masks (Abedeen et al. 2023).

Abedeen et al., FracAtlas: a dataset for fracture classification, localization and segmentation of
musculoskeletal radiographs, Scientific Data 10, 521 (2023), doi 10.6084/m9.figshare.22363012.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xaudit.core.case import Case, CaseIssue, Study
from xaudit.core.message import Message
from xaudit.core.text.json_text import read_json_text
from xaudit.data.annotations.masks import Polygons
from xaudit.data.format import FORMATS
from xaudit.data.image_file import ImageFile
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import Row, capped, read_table
from xaudit.data.tables.whole_numbers import without_point
from xaudit.errors import DataError

TABLE = "dataset.csv"
MASKS = Path("Annotations", "COCO JSON", "COCO_fracture_masks.json")
FOLDERS = {True: Path("images", "Fractured"), False: Path("images", "Non_fractured")}
REGIONS = ("hand", "leg", "hip", "shoulder")
VIEWS = ("frontal", "lateral", "oblique")
FLAGS = (*REGIONS, "mixed", *VIEWS, "hardware", "multiscan", "fractured")
COLUMNS = ("image_id", "fracture_count", *FLAGS)
_COUNT = re.compile(r"[0-9]{1,6}")
RARE_SIZE = 20
"""Pixel sizes with fewer cases are one level, "other sizes"."""

_SOURCE = "FracAtlas, Abedeen et al., Scientific Data 2023, doi 10.6084/m9.figshare.22363012"
_UNIT_NOTE = Message("FracAtlas has no patient ids; each image is counted as one patient.")


@dataclass(slots=True)
class _Listing:
    """What is read, while it is read."""

    root: Path
    lesions: dict[str, list[Polygons]]
    cases: list[Case] = field(default_factory=list)
    issues: list[CaseIssue] = field(default_factory=list)

    def note(self, case_id: str, kind: str, detail: str) -> None:
        self.issues.append(CaseIssue(case_id, kind, detail, "noted"))


@FORMATS.register("fracatlas")
def read_fracatlas(spec: DataSpec) -> Study:
    """List the images of dataset.csv; labels are its column "fractured".

    Groups: body_region, view, hardware, multiscan, and device, the pixel size
    of the upright image, which stands for the scanner.

    Raises:
        DataError: dataset.csv or the COCO masks are missing or damaged; lists every bad row.
    """
    _refuse_options(spec)
    rows = _read_table(spec.root / TABLE)
    even_odd = spec.holes == "even_odd"
    listing = _Listing(spec.root, _read_lesions(spec.root / MASKS, even_odd=even_odd))
    for row in rows:
        _add_case(listing, row)
    _note_strays(listing, rows)
    return Study(
        name=spec.name or "FracAtlas",
        cases=_pool_devices(listing.cases),
        issues=tuple(listing.issues),
        source=spec.source or _SOURCE,
        license=spec.license or "CC BY 4.0",
        unit="image",
        unit_note=_UNIT_NOTE,
        site_column="device",
        listed=len(rows),
    )


def _refuse_options(spec: DataSpec) -> None:
    given: dict[str, object] = {
        name: getattr(spec, name)
        for name in (
            "patient",
            "manifest",
            "positive",
            "bins",
            "merge",
            "missing",
            "mask_values",
        )
    }
    if spec.site != "device":
        given["site"] = spec.site
    problems = [
        f"data.{name}: format fracatlas fixes it, got {value!r}; leave it out"
        for name, value in given.items()
        if value
    ]
    if problems:
        raise DataError(problems)


def _read_table(path: Path) -> tuple[Row, ...]:
    if not path.is_file():
        raise DataError(f"{path}: expected FracAtlas' table, found none; check data.root")
    table = read_table(path)
    lacking = [name for name in COLUMNS if name not in table.columns]
    if lacking:
        raise DataError(f"{path}: columns are missing: {', '.join(lacking)}")
    table, _ = without_point(table, (*FLAGS, "fracture_count"))
    if problems := list(_row_problems(path, table.rows)):
        raise DataError(capped(problems))
    return table.rows


def _row_problems(path: Path, rows: Sequence[Row]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for row in rows:
        where = f"{path.name} {row.where}"
        name = row.text("image_id")
        if not _is_file_name(name):
            yield f"{where}: image_id is a plain file name, got {row.said('image_id')}"
        elif name in seen:
            yield f"{where}: image_id {name} is in {seen[name]} already"
        seen.setdefault(name, row.where)
        for flag in FLAGS:
            if row.text(flag) not in {"0", "1"}:
                yield f"{where}: {flag} is 0 or 1, got {row.said(flag)}"
        if not _COUNT.fullmatch(row.text("fracture_count")):
            yield f"{where}: fracture_count is a number, got {row.said('fracture_count')}"


def _is_file_name(name: str) -> bool:
    """Of at most 200 printable characters, without a folder."""
    plain = name.isprintable() and 0 < len(name) <= 200
    return plain and Path(name).name == name and name not in {".", ".."}


def _read_lesions(path: Path, *, even_odd: bool) -> dict[str, list[Polygons]]:
    try:
        coco = read_json_text(path.read_text(encoding="utf-8"))
        images = {image["id"]: image for image in coco["images"]}
        lesions: dict[str, list[Polygons]] = {}
        for annotation in coco["annotations"]:
            image = images[annotation["image_id"]]
            outlined = replace(_polygons(annotation, image), even_odd=even_odd)
            lesions.setdefault(str(image["file_name"]), []).append(outlined)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise DataError(
            f"{path}: expected COCO masks with images and annotations, got "
            f"{type(error).__name__}: {error}"
        ) from error
    return lesions


def _polygons(annotation: Mapping[str, Any], image: Mapping[str, Any]) -> Polygons:
    parts = tuple(
        tuple(zip(map(float, flat[::2]), map(float, flat[1::2]), strict=True))
        for flat in annotation["segmentation"]
    )
    return Polygons(parts, (int(image["height"]), int(image["width"])))


def _add_case(listing: _Listing, row: Row) -> None:
    name, label = row.text("image_id"), row.text("fractured") == "1"
    lesions = tuple(listing.lesions.get(name, ()))
    counted = int(row.text("fracture_count"))
    if len(lesions) != counted:
        detail = Message(
            "fracture_count is {n}, {m} lesions are annotated", n=counted, m=len(lesions)
        )
        listing.note(name, "lesion_count", detail)
    groups = {
        "body_region": _one_of(row, REGIONS),
        "view": "+".join(view for view in VIEWS if row.text(view) == "1") or "unknown",
        "hardware": "yes" if row.text("hardware") == "1" else "no",
        "multiscan": "yes" if row.text("multiscan") == "1" else "no",
    }
    image = ImageFile(_locate(listing, name, label=label))
    device = _device(image)
    groups["device"] = device or "unknown"
    listing.cases.append(Case(name, name, label, image, lesions, site=device, groups=groups))


def _one_of(row: Row, names: Sequence[str]) -> str:
    named = [name for name in names if row.text(name) == "1"]
    if row.text("mixed") == "1" or len(named) > 1:
        return "several"
    return named[0] if named else "unknown"


def _locate(listing: _Listing, name: str, *, label: bool) -> Path:
    """The image; in the folder of the other label if it is only there, with an issue."""
    expected, other = (listing.root / FOLDERS[side] / name for side in (label, not label))
    if other.is_file():
        instead = not expected.is_file()
        said = "fractured is {label}, but the file lies in {folder} too"
        if instead:
            said = "fractured is {label}, but the file lies in {folder} instead"
        detail = Message(said, label=int(label), folder=other.parent.name)
        listing.note(name, "label_contradicts_folder", detail)
        if instead:
            return other.resolve()
    return expected.resolve()


def _device(image: ImageFile) -> str | None:
    try:
        header = image.header()
    except DataError:
        # The case stays listed; load_study says what is wrong with the file.
        return None
    height, width = header.grid.plane
    return f"{width}x{height}"


def _pool_devices(cases: Sequence[Case]) -> tuple[Case, ...]:
    counts = Counter(case.site for case in cases)
    rare = {site for site, count in counts.items() if site and count < RARE_SIZE}
    pooled = "other sizes"
    return tuple(
        replace(case, site=pooled, groups={**case.groups, "device": pooled})
        if case.site in rare
        else case
        for case in cases
    )


def _note_strays(listing: _Listing, rows: Sequence[Row]) -> None:
    listed = {row.text("image_id") for row in rows}
    for folder in FOLDERS.values():
        for path in sorted((listing.root / folder).glob("*")):
            if path.is_file() and path.name not in listed:
                detail = Message(
                    "lies in {folder} without a row in {table}; it is not used",
                    folder=folder.as_posix(),
                    table=TABLE,
                )
                listing.note(path.name, "file_without_row", detail)
    for name in sorted(set(listing.lesions) - listed):
        detail = Message(
            "{n} lesions are annotated, but {table} has no such row",
            n=len(listing.lesions[name]),
            table=TABLE,
        )
        listing.note(name, "annotation_without_row", detail)
