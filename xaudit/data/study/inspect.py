"""Inspection of a folder: a first declaration of a study, for a person to read over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xaudit.data.dicom.folder import looks_like_dicom
from xaudit.data.format import FORMATS
from xaudit.data.formats import fracatlas
from xaudit.data.manifest.columns import ALIASES, NEGATIVE, POSITIVE, all_roles
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
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


def inspect_dataset(folder: Path, format: str | None = None) -> Inspection:
    """Recognize the layout of a study by its content, and guess what can be guessed.

    Of several that fit, the most special counts: a data set before a list of cases or the export
    of an annotation tool, and that before folders of images.

    Args:
        folder: of the study.
        format: which format it is, where a person says so.

    Raises:
        DataError: the folder is missing, nothing is recognized, or several formats fit alike.
    """
    if not folder.is_dir():
        raise DataError(f"expected the folder of a study, got {folder}")
    for name in FORMATS:
        # A reader brings its recognizer.
        _ = FORMATS[name]
    if format is not None:
        return _declared(folder, format)
    for rank in sorted({RECOGNIZERS[name].rank for name in RECOGNIZERS}, reverse=True):
        looks = [RECOGNIZERS[name] for name in RECOGNIZERS if RECOGNIZERS[name].rank == rank]
        found = [inspection for one in looks if (inspection := one.look(folder)) is not None]
        if len(found) > 1:
            names = " or ".join(inspection.spec.format for inspection in found)
            raise DataError(f"{folder}: this may be {names}; say which with --format NAME")
        if found:
            return found[0]
    if table := _any_table(folder):
        return table
    raise DataError(
        f"{folder}: no study is recognized: expected FracAtlas' dataset.csv, manifest.csv or "
        f"manifest.json, or one of {', '.join(FORMATS)}; list the cases in a manifest with the "
        "columns id, image, label, or say --format NAME"
    )


def _declared(folder: Path, format: str) -> Inspection:
    if format not in RECOGNIZERS:
        raise DataError(f"--format: no {format!r}; there is: {', '.join(RECOGNIZERS)}")
    found = RECOGNIZERS[format].look(folder)
    if found is None and format == "manifest":
        found = _any_table(folder)
    if found is None:
        raise DataError(f"{folder}: holds nothing of the format {format}")
    return found


def _fracatlas(folder: Path) -> Inspection | None:
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
    return None


def _manifest_of(folder: Path) -> Path | None:
    named = [folder / name for name in ("manifest.csv", "manifest.json")]
    return next((path for path in named if path.is_file()), None)


def _manifest(folder: Path) -> Inspection | None:
    path = _manifest_of(folder)
    return None if path is None else _inspect_manifest(folder, path, read_table(path))


def _dicom(folder: Path) -> Inspection | None:
    if not looks_like_dicom(folder) or _manifest_of(folder) is not None:
        return None
    tables = _tables(folder)
    labels = tables[0].name if len(tables) == 1 else "?"
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


def _table_of_cases(folder: Path) -> Inspection | None:
    """The only CSV, whatever its name, where its columns look like those of a manifest."""
    there = _tables(folder)
    if len(there) != 1:
        return None
    table = read_table(there[0])
    named = all(_guess(role, table.columns) for role in ("image", "label"))
    return _inspect_manifest(folder, there[0], table) if named else None


def _any_table(folder: Path) -> Inspection | None:
    """A CSV of any name."""
    there = _tables(folder)
    if len(there) > 1:
        names = ", ".join(path.name for path in there)
        raise DataError(f"{folder}: which of {names} lists the cases? name it manifest.csv")
    return _inspect_manifest(folder, there[0], read_table(there[0])) if there else None


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")


RECOGNIZERS.add("fracatlas", Recognizer(_fracatlas, 4))
RECOGNIZERS.add("dicom", Recognizer(_dicom, 3))
RECOGNIZERS.add("manifest", Recognizer(_manifest, 3))
RECOGNIZERS.add("table", Recognizer(_table_of_cases, 2))


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
