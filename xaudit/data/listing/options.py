"""Options of layouts, ``data.options`` of an audit file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from xaudit.errors import DataError

MEANINGS: Mapping[str, str] = {
    "annotations": "file or folder of the annotations, below root",
    "images": "folder of the images, below root",
    "patient_pattern": "regular expression on an image's path below root; its first group, or the "
    "one named patient, is the patient, other named groups are columns",
    "artifacts": "list of classes that are things which should not decide: metal, cast, text",
    "labels": "none: nothing says what is fractured; then the study is read by "
    "`xaudit compare AUDIT --cohort` alone",
    "unannotated": "what images without annotation are: normal or excluded",
    "grid": "what outlines were drawn on where EXIF turns an image: upright or stored",
    "copies_across_splits": "true: name the images that show the same picture as one of another "
    "split; every image is decoded",
    "masks": "folder of the masks, below root, if they do not lie beside the images",
    "suffix": "what follows an image's name in that of its mask; _mask if left out",
    "attribute": "which attribute of a region holds its class",
    "annotator": "first: where several annotators drew, the first one counts",
}
"""Option → what it says."""

_CHOICES = {
    "labels": ("none",),
    "unannotated": ("normal", "excluded"),
    "grid": ("upright", "stored"),
    "annotator": ("first",),
}
SHARED = ("patient_pattern", "artifacts", "unannotated", "copies_across_splits")
"""What every layout takes."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `MEANINGS` says, read; empty where nothing is said."""

    annotations: str = ""
    images: str = ""
    labels: str = ""
    patient_pattern: str = ""
    artifacts: tuple[str, ...] = ()
    unannotated: str = ""
    grid: str = ""
    copies_across_splits: bool = False
    masks: str = ""
    suffix: str = "_mask"
    attribute: str = ""
    annotator: str = ""


def read_options(given: Mapping[str, Any], format: str, takes: tuple[str, ...]) -> Options:
    """The options of a layout.

    Args:
        given: ``data.options``.
        format: name of the layout.
        takes: options that it has, besides the shared ones.

    Raises:
        DataError: an option is unknown or says something else; all of them.
    """
    known = (*takes, *SHARED)
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            problems.append(_unknown(str(name), format, known))
        elif problem := _wrong(name, value):
            problems.append(f"data.options.{name}: {problem}")
        else:
            values[name] = tuple(value) if isinstance(value, list | tuple) else value
    if problems:
        raise DataError(problems)
    return Options(**values)


def _unknown(name: str, format: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    told = "; ".join(f"{one}: {MEANINGS[one]}" for one in known)
    return f"data.options: format {format} has no {name[:60]!r}. {meant}There is: {told}"


def _wrong(name: str, value: object) -> str:
    """What is wrong with a value; empty for nothing."""
    if name == "copies_across_splits":
        return "" if isinstance(value, bool) else f"expected true or false, got {value!r}"
    if name == "artifacts":
        listed = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        return "" if listed else f"expected a list of classes, got {repr(value)[:60]}"
    if not isinstance(value, str) or not value:
        return f"expected a text, got {repr(value)[:60]}"
    choices = _CHOICES.get(name, (value,))
    return "" if value in choices else f"expected {' or '.join(choices)}, got {value[:60]!r}"
