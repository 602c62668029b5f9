"""ImageFolder: a folder for each class, alone or below train, val and test."""

from __future__ import annotations

from pathlib import Path

from xaudit.core.case import Study
from xaudit.data.format import FORMATS
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import below, is_split, split_of
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.inspect import inspect_layout
from xaudit.data.listing.options import Options
from xaudit.data.listing.study import read_layout
from xaudit.data.listing.values import a_name
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError

_MOST = 40
"""Folders that are more than classes: those of patients, or of studies."""


def list_folders(spec: DataSpec, options: Options) -> Listing:
    """Images with the class that their folder names: the first one that is no split.

    Raises:
        DataError: an image lies in no folder of a class, and the study has labels.
    """
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    listing = Listing()
    names: dict[str, None] = {}
    for path in index.files:
        relative = path.relative_to(index.folder)
        name = _class_of(relative)
        if options.labels:
            listing.entries.append(Entry(path, seen=True, split=split_of(relative)))
            continue
        if not name:
            raise DataError(
                f"{relative.as_posix()}: expected a folder for each class, this image lies in none"
            )
        names[name] = None
        shape = Shape(a_name(name, f"folder of {path.name}"), whole=True)
        listing.entries.append(Entry(path, (shape,), split=split_of(relative)))
    listing.files = tuple(f"the folder {name!r}" for name in names)
    return listing


LAYOUT = Layout("image_folder", "a folder for each class", list_folders, takes=("images", "labels"))


@FORMATS.register("image_folder")
def read_image_folder(spec: DataSpec) -> Study:
    """The study of folders that are classes; no lesion is localized.

    Raises:
        DataError: see `list_folders` and `read_layout`.
    """
    return read_layout(spec, LAYOUT)


def recognize_image_folder(folder: Path) -> Inspection | None:
    """What folders of classes hold, if every image below a folder lies in one."""
    files = ImageIndex(folder).files
    names = {_class_of(path.relative_to(folder)) for path in files}
    if "" in names or not 2 <= len(names) <= _MOST or names & {"images", "masks", "labels"}:
        return None
    return inspect_layout(folder, LAYOUT)


RECOGNIZERS.add("image_folder", Recognizer(recognize_image_folder, 1))


def _class_of(relative: Path) -> str:
    return next((name for name in relative.parts[:-1] if not is_split(name)), "")
