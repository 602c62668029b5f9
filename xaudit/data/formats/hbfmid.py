"""HBFMID: ten classes of bone fractures in X-ray and MRI, as YOLO (Roboflow's layout).

Human Bone Fractures Multi-modal Image Dataset (Parvin and Rahman), Mendeley Data.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xaudit.core.case import Study
from xaudit.data.exports.yolo import LAYOUT as YOLO
from xaudit.data.exports.yolo import class_names, is_yolo
from xaudit.data.format import FORMATS
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.study import read_layout
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec

_OF_IT = {"healthy", "greenstick", "comminuted", "segmental", "spiral"}
LAYOUT = replace(
    YOLO,
    format="hbfmid",
    title="HBFMID",
    name="HBFMID",
    source="Human Bone Fractures Multi-modal Image Dataset (HBFMID), Mendeley Data",
    asked="Its classes are types of fractures and Healthy: name all types that are asked for.",
)


@FORMATS.register("hbfmid")
def read_hbfmid(spec: DataSpec) -> Study:
    """The study of HBFMID; a film with a box of a declared type is fractured.

    X-ray and MRI lie in the same folders: what names of files say of it, ``patient_pattern`` reads
    as a column, ``(?P<modality>xray|mri)``.

    Raises:
        DataError: see `xaudit.data.exports.yolo.list_yolo` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_hbfmid(folder: Path) -> Inspection | None:
    """What HBFMID holds, if a folder has its classes."""
    if not is_yolo(folder):
        return None
    names = {name.lower() for name in class_names(folder).values()}
    found = inspect_layout(folder, LAYOUT) if names >= _OF_IT else None
    if found is None:
        return None
    told = (
        "X-ray and MRI are mixed: audit those that the detector is for. Where names of files tell "
        "them apart, options: {patient_pattern: '(?P<modality>xray|mri)'} makes it a column"
    )
    return replace(found, findings=(*found.findings, told))


RECOGNIZERS.add("hbfmid", Recognizer(recognize_hbfmid, 3))
