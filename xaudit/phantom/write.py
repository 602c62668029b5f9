"""A phantom study on disk: PNG films, PNG masks and the manifest that lists them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from xaudit.errors import DataError
from xaudit.phantom.study import GROUPS, PhantomCase, PhantomStudy

MANIFEST = "manifest.csv"
COLUMNS = ("id", "image", "label", "patient", "site", "masks", *GROUPS)
"""``masks`` holds one path for each lesion, separated by semicolons; ``label`` is 1 or 0."""
_COMPRESSION = 4
"""Of PNG: as small as at the usual 6 on these films, in less than half of the time."""


def write_study(study: PhantomStudy, folder: Path) -> Path:
    """Write a study so that the manifest reader can load it.

    ``manifest.csv`` has `COLUMNS`, with paths relative to the folder. Films lie in ``images``,
    one mask for each lesion in ``masks``, the side marker of each film in ``markers`` (listed in
    ``artifacts.csv``). ``phantom.json`` says how the study was made and, where labels are noisy,
    which are wrong.

    Args:
        study: what to write.
        folder: a new or empty folder; its parents are made.

    Returns:
        The path of the manifest.

    Raises:
        DataError: the folder holds something already, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise DataError(f"{folder}: a phantom study needs a new or empty folder; name another")
        for part in ("images", "masks", "markers"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        rows = [_write_case(case, folder) for case in study.cases]
        _write_table(folder / MANIFEST, COLUMNS, rows)
        _write_artifacts(study.cases, folder)
        _write_facts(study, folder)
    except OSError as error:
        raise DataError(f"{folder}: the phantom study cannot be written: {error}") from error
    return folder / MANIFEST


def _write_case(case: PhantomCase, folder: Path) -> dict[str, str]:
    image = f"images/{case.case_id}.png"
    Image.fromarray(case.image).save(folder / image, compress_level=_COMPRESSION)
    masks = [f"masks/{case.case_id}-{index + 1}.png" for index in range(len(case.lesions))]
    for name, lesion in zip(masks, case.lesions, strict=True):
        _save_mask(folder / name, lesion)
    return {
        "id": case.case_id,
        "image": image,
        "label": str(int(case.label)),
        "patient": case.patient,
        "site": case.site,
        "masks": ";".join(masks),
        **case.groups,
    }


def _save_mask(path: Path, mask: npt.NDArray[np.bool_]) -> None:
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(path, compress_level=_COMPRESSION)


def _write_artifacts(cases: Iterable[PhantomCase], folder: Path) -> None:
    rows = []
    for case in cases:
        if case.marker.any():
            name = f"markers/{case.case_id}.png"
            _save_mask(folder / name, case.marker)
            rows.append({"id": case.case_id, "name": "marker", "mask": name})
    _write_table(folder / "artifacts.csv", ("id", "name", "mask"), rows)


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_facts(study: PhantomStudy, folder: Path) -> None:
    wrong = [case.case_id for case in study.cases if case.label != case.truth]
    facts = {
        "made_by": "xaudit.data.phantom",
        "seed": study.seed,
        "defects": sorted(study.defects),
        "films": len(study.cases),
        "patients": len({case.patient for case in study.cases}),
        "wrong_labels": wrong,
    }
    (folder / "phantom.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
