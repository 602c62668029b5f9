"""MURA v1.1: folders of studies, each called abnormal or not; two tables without a line of names.

Rajpurkar et al., MURA: Large Dataset for Abnormality Detection in Musculoskeletal Radiographs,
MIDL 2018.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from xaudit.core.case import CaseIssue, Study
from xaudit.core.message import Message
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import files_below, read_cells
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_PLACE = re.compile(
    r"(?:.*?/)??(?:(?P<split>train|valid)/)?XR_(?P<region>[A-Z]{2,20})/(?P<patient>patient[0-9]{1,9})/"
    r"(?P<study>study[0-9]{1,4})_(?P<label>positive|negative)/[^/]{1,100}"
)
_LABELS = re.compile(r"(?:train|valid)_labeled_studies\.csv")
_ASKED = (
    'Of MURA, "positive" means abnormal: fractures, but also hardware, degeneration and lesions. '
    "Write positive: [positive] if that is what the detector calls."
)


def list_mura(spec: DataSpec, options: Options) -> Listing:
    """Images with the class of their study, from the tables, else from the folder's name.

    Raises:
        DataError: no image lies where MURA has it, or a table is damaged.
    """
    del options
    said = _said(spec.root)
    listing = Listing(files=("XR_*/patient*/study*_positive|negative",))
    for path in ImageIndex(spec.root).files:
        relative = path.relative_to(spec.root).as_posix()
        found = _PLACE.fullmatch(relative)
        if found is None:
            listing.unlisted += (path,)
            continue
        label = said.get(_study(found), found["label"])
        if label != found["label"]:
            listing.issues.append(_contradiction(path, label, found["label"]))
        listing.entries.append(_entry(path, found, label))
    if not listing.entries:
        raise DataError(
            f"{spec.root.name}: expected XR_WRIST/patient00001/study1_positive/image1.png and the "
            "like, found no such image"
        )
    listing.issues.append(_of_studies(listing))
    return listing


LAYOUT = Layout(
    "mura", "MURA v1.1", list_mura, name="MURA v1.1", asked=_ASKED,
    source="MURA v1.1, Rajpurkar et al., MIDL 2018",
)  # fmt: skip


@FORMATS.register("mura")
def read_mura(spec: DataSpec) -> Study:
    """The images of MURA, each with the class of its study, its region and its patient.

    Raises:
        DataError: see `list_mura` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_mura(folder: Path) -> Inspection | None:
    """What MURA holds, if a folder holds it."""
    first = islice(files_below(folder, (".png", ".jpg")), 200)
    found = any(_PLACE.fullmatch(path.relative_to(folder).as_posix()) for path in first)
    return inspect_layout(folder, LAYOUT, patients=True) if found else None


RECOGNIZERS.add("mura", Recognizer(recognize_mura, 3))


def _entry(path: Path, found: re.Match[str], label: str) -> Entry:
    split = {"train": "train", "valid": "val"}.get(found["split"] or "", "")
    return Entry(
        path,
        (Shape(label, whole=True),),
        split=split,
        patient=found["patient"],
        groups={"body_region": found["region"].lower()},
        examination=_study(found),
    )


def _study(found: re.Match[str]) -> str:
    return f"XR_{found['region']}/{found['patient']}/{found['study']}"


def _said(root: Path) -> Mapping[str, str]:
    """Study → positive or negative, from the tables that are there."""
    said: dict[str, str] = {}
    problems = []
    for path in files_below(root, (".csv",)):
        if not _LABELS.fullmatch(path.name):
            continue
        for number, cells in enumerate(read_cells(path), start=1):
            place = _PLACE.fullmatch(f"{cells[0].strip().rstrip('/')}/image")
            if len(cells) != 2 or place is None or cells[1].strip() not in {"0", "1"}:
                problems.append(
                    f"{path.name} line {number}: expected the folder of a study and 0 or 1, got "
                    f"{','.join(cells)[:80]!r}"
                )
            else:
                said[_study(place)] = "positive" if cells[1].strip() == "1" else "negative"
    if problems:
        raise DataError(capped(problems))
    return said


def _contradiction(path: Path, said: str, folder: str) -> CaseIssue:
    detail = Message(
        "the table of studies says {label}, the folder says {folder}; the table counts",
        label=said,
        folder=folder,
    )
    return CaseIssue(path.name, "label_contradicts_folder", detail, "noted")


def _of_studies(listing: Listing) -> CaseIssue:
    studies = {entry.image.parent for entry in listing.entries}
    detail = Message(
        "{n} images have the label of their study ({m} studies): an abnormality need not show on "
        "each of them",
        n=len(listing.entries),
        m=len(studies),
    )
    return CaseIssue("(study)", "label_of_study", detail, "noted")
