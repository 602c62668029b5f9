"""Inspection of a folder: a first declaration of a study, for a person to read over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xaudit.data.dicom.folder import looks_like_dicom
from xaudit.data.formats import fracatlas
from xaudit.data.manifest.columns import ALIASES, NEGATIVE, POSITIVE, all_roles
from xaudit.data.spec import DataSpec
from xaudit.data.tables.levels import remedy, too_many_levels
from xaudit.data.tables.table import ListTable, read_as_missing, read_table
from xaudit.errors import DataError

_NAMES = {
    "id": ("id", "case_id", "image_id", "filestem"),
    "image": ("image", "path", "file", "file_name", "filename", "image_path"),
    "label": ("label", "fractured", "fracture", "fracture_visible", "target", "class", "y"),
    "patient": ("patient", "patient_id", "patientid", "subject", "subject_id"),
    "site": ("site", "hospital", "institution", "scanner", "device", "device_manufacturer"),
    "mask": ("mask", "masks", "mask_path", "segmentation"),
    "polygons": ("polygons", "polygon"),
    "boxes": ("boxes", "bbox", "box"),
    "split": ("split", "fold", "set"),
    "photometric": ("photometric", "photometric_interpretation"),
}

ASKED = "?"
"""Stands in an option for what only a person knows."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """A declaration to start from.

    Attributes:
        spec: what seems to fit; roles that were not recognized are left out.
        columns: every column of the list, in order.
        findings: one sentence for each guess and each question, for a reader.
    """

    spec: DataSpec
    columns: tuple[str, ...]
    findings: tuple[str, ...]


def inspect_dataset(folder: Path) -> Inspection:
    """Recognize the FracAtlas layout, DICOM or a manifest, and guess what its columns mean.

    Raises:
        DataError: the folder is missing or holds neither.
    """
    if not folder.is_dir():
        raise DataError(f"expected the folder of a study, got {folder}")
    if (folder / fracatlas.TABLE).is_file() and (folder / fracatlas.MASKS).is_file():
        return Inspection(
            DataSpec("fracatlas", folder, name="FracAtlas"),
            fracatlas.COLUMNS,
            (
                "recognized the layout of FracAtlas by its dataset.csv and COCO masks",
                "it has no patient column: each image is counted as one patient",
                "the pixel size stands in for the device and is the site column",
            ),
        )
    if not _lists(folder) and looks_like_dicom(folder):
        return _inspect_dicom(folder)
    path = _list_file(folder)
    return _inspect_manifest(folder, path, read_table(path))


def _inspect_dicom(folder: Path) -> Inspection:
    tables = sorted(path.name for path in folder.iterdir() if path.suffix.lower() == ".csv")
    labels = tables[0] if len(tables) == 1 else ASKED
    return Inspection(
        DataSpec("dicom", folder, name=folder.resolve().name, options={"labels": labels}),
        (),
        (
            "recognized DICOM objects by their content; xaudit check lists what else is there",
            "labels: a table with the columns sop_instance_uid (or accession_number, or file) and "
            "label",
            "without one, options: {lesions_mean_fracture: true} where an image without an "
            "annotated lesion has no fracture",
            "site: the institution, or the station where none is named; both are told by a hash",
        ),
    )


def _lists(folder: Path) -> list[Path]:
    named = [folder / name for name in ("manifest.csv", "manifest.json")]
    return [path for path in named if path.is_file()]


def _list_file(folder: Path) -> Path:
    named, there = [folder / name for name in ("manifest.csv", "manifest.json")], _lists(folder)
    there = there or sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    if not there:
        raise DataError(
            f"{folder}: expected FracAtlas' dataset.csv, manifest.csv or manifest.json, found "
            "none; list the cases in a manifest with the columns id, image, label"
        )
    if len(there) > 1 and there[0] not in named:
        names = ", ".join(path.name for path in there)
        raise DataError(f"{folder}: which of {names} lists the cases? name it manifest.csv")
    return there[0]


def _inspect_manifest(folder: Path, path: Path, table: ListTable) -> Inspection:
    roles = {role: name for role in all_roles() if (name := _guess(role, table.columns))}
    findings = [f"column {name!r} is taken for the {role}" for role, name in roles.items()]
    findings += [
        f"no column looks like the {role}: name it under data.columns"
        for role in ("image", "label")
        if role not in roles
    ]
    if "patient" not in roles:
        findings.append("no patient column: one image per patient is declared; is that so?")
    positive = _positive(table, roles.get("label"))
    if "label" in roles and not positive:
        findings.append(f"which values of {roles['label']!r} mean fractured? name data.positive")
    free = [name for name in table.columns if name not in roles.values()]
    values = {name: {row.text(name) for row in table.rows} for name in free}
    many = [name for name in free if too_many_levels(values[name])]
    findings += [f"column {name!r} has many levels: {_way(name, values[name])}" for name in many]
    findings += read_as_missing(table.rows, table.columns)
    spec = DataSpec(
        "manifest",
        folder,
        manifest=Path(path.name),
        name=folder.resolve().name,
        patient=roles.get("patient"),
        site=roles.get("site"),
        groups=tuple(name for name in free if name not in many),
        columns=_renamed(roles),
        positive=positive,
    )
    return Inspection(spec, table.columns, tuple(findings))


def _way(name: str, values: set[str]) -> str:
    return remedy(values, f"data.bins.{name}", f"data.merge.{name}")


def _guess(role: str, columns: Sequence[str]) -> str | None:
    lower = {name.lower(): name for name in reversed(columns)}
    return next((lower[name] for name in _NAMES.get(role, (role,)) if name in lower), None)


def _positive(table: ListTable, label: str | None) -> tuple[str, ...]:
    if label is None:
        return ()
    values = sorted({row.text(label) for row in table.rows} - {""})
    if any(value.lower() not in POSITIVE | NEGATIVE for value in values):
        return ()
    return tuple(value for value in values if value.lower() in POSITIVE)


def _renamed(roles: dict[str, str]) -> dict[str, str]:
    """Only what a manifest cannot find by itself; patient and site have fields of their own."""
    return {
        role: name
        for role, name in roles.items()
        if role not in {"patient", "site"} and name not in {role, ALIASES.get(role)}
    }
