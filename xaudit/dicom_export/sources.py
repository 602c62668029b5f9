"""Explained cases of an audit beside the DICOM objects of their images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xaudit.audit.plan.plan import data_spec
from xaudit.audit.store.store import CaseRow
from xaudit.core.case import BoolArray, Case, FloatArray
from xaudit.data.dicom.pixels.frame import DicomFrame
from xaudit.data.study.read import load_study
from xaudit.data.transforms.geometry import GridTransform
from xaudit.errors import ConfigError, DataError
from xaudit.verify.recompute import AuditOnDisk

if TYPE_CHECKING:
    from pydicom import Dataset

_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One explained case, on the grid of the radiograph that it is of.

    Attributes:
        row: what was scored.
        image: the object, without pixels.
        frame: from 0.
        lesions: one plane for each annotated lesion, (H, W).
        maps: method → (H, W), raw and signed.
        shown: (H, W), False where the detector did not see the image.
    """

    row: CaseRow
    image: Dataset
    frame: int
    lesions: tuple[BoolArray, ...]
    maps: Mapping[str, FloatArray]
    shown: BoolArray

    @property
    def several(self) -> bool:
        """Whether the object holds more frames than this."""
        return int(self.image.get("NumberOfFrames") or 1) > 1


def sources_of(audit: AuditOnDisk, data: Path) -> Iterator[Source]:
    """The explained cases of an audit, in the order of the plan.

    Args:
        audit: on disk.
        data: folder of the study.

    Raises:
        ConfigError: no case was explained, or the study is none of DICOM objects.
        DataError: an image is missing, or is not the one that was audited.
    """
    config = audit.config()
    if config.detector.input.views is not None:
        raise ConfigError(
            "a DICOM object refers to one radiograph; maps of an examination of several views "
            "(detector.input.views) are not exported"
        )
    spec = replace(data_spec(config.data), root=data.resolve())
    cases = {case.case_id: case for case in load_study(spec).cases}
    maps: dict[str, list[str]] = {}
    for made in audit.results.maps:
        if made.error is None:
            maps.setdefault(made.case_id, []).append(made.method)
    if not maps:
        raise ConfigError(f"{audit.folder}: no case was explained, so there is nothing to export")
    _refuse_others(audit, maps, cases)
    for case_id, methods in maps.items():
        case, row = cases[case_id], audit.results.by_id[case_id]
        grid = case.image.header().grid
        transform = GridTransform.between(grid, config.detector.input)
        yield Source(
            row,
            _object_of(case),
            case.image.frame if isinstance(case.image, DicomFrame) else 0,
            tuple(lesion.rasterize(grid) for lesion in case.lesions),
            {name: _on_image(audit, case_id, name, transform) for name in methods},
            transform.visible(),
        )


def _on_image(
    audit: AuditOnDisk, case_id: str, method: str, transform: GridTransform
) -> FloatArray:
    return transform.map_to_source(audit.results.array(case_id, method).astype(np.float32))


def _refuse_others(
    audit: AuditOnDisk, maps: Mapping[str, object], cases: Mapping[str, Case]
) -> None:
    """Refuse a study that is not the one that was audited."""
    gone = [name for name in maps if name not in cases]
    if gone:
        raise DataError(
            f"{len(gone)} explained cases are not in this study ({', '.join(gone[:_SHOWN])}); "
            "name the folder that was audited with --data"
        )
    plain = [name for name in maps if not isinstance(cases[name].image, DicomFrame)]
    if plain:
        raise ConfigError(
            f"expected a study of DICOM objects, {plain[0]} is none: what is exported refers to "
            "the objects of its radiographs"
        )
    audited = {name: audit.results.by_id[name].image_sha256 for name in maps}
    changed = [name for name in maps if cases[name].image.fingerprint() != audited[name]]
    if changed:
        raise DataError(
            f"{len(changed)} images are not those that were audited ({', '.join(changed[:_SHOWN])})"
            "; restore them, or audit the study again"
        )


def _object_of(case: Case) -> Dataset:
    assert isinstance(case.image, DicomFrame)
    ds = case.image.kept.whole(None, case.case_id)
    del ds.PixelData
    return ds
