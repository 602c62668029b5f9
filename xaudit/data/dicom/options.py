"""Options of a DICOM study: what cannot be read from its files and has to be declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from xaudit.data.dicom.address import address_problem
from xaudit.data.dicom.pixels.rendering import Voi
from xaudit.errors import DataError

Contours = Literal["patient", "pixels"]

PLANE = ("CR", "DX", "DR", "RG", "MG", "IO", "PX", "RF", "XA", "OT", "SC")
"""Modalities of objects that show one projection on a plane, or a photograph of one."""


@dataclass(frozen=True, slots=True)
class DicomOptions:
    """What an audit file declares under ``data.options``.

    Attributes:
        labels: CSV below the root with a label for each object, examination or file.
        lesions_mean_fracture: without a table, an image with a lesion is positive and every other
            one is negative.
        lesion_names: names (or patterns, ``fracture*``) of segments, contours, findings and layers
            that are lesions; empty takes all where there is one name.
        voi: which values of interest are shown.
        show_sites: write the names of institutions or stations as they are.
        dicomdir: a DICOMDIR below the root, whose files alone are read.
        contours: whether RTSTRUCT contours are millimeters in the patient, or pixels.
        modalities: of the objects that are radiographs.
        url: of an archive that speaks DICOMweb, which has what the table of labels names.
        headers_from: headers for it whose values stand in variables: HEADER=XAUDIT_VARIABLE.
    """

    labels: str = ""
    lesions_mean_fracture: bool = False
    lesion_names: tuple[str, ...] = ()
    voi: Voi = "sequence"
    show_sites: bool = False
    dicomdir: str = ""
    contours: Contours = "patient"
    modalities: tuple[str, ...] = PLANE
    url: str = ""
    headers_from: str = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> DicomOptions:
        """The options of an audit file.

        Raises:
            DataError: one is unknown or of another kind; every mistake.
        """
        problems, known = [], {field.name: field.default for field in fields(cls)}
        given: dict[str, Any] = {}
        for name, written in options.items():
            value = tuple(written) if isinstance(written, list) else written
            if name not in known:
                there = ", ".join(known)
                problems.append(f"data.options: no option {name[:40]!r}; there is: {there}")
            elif (expected := _expected(name, value, known[name])) is not None:
                problems.append(f"data.options.{name}: expected {expected}, got {value!r:.60}")
            given[name] = value
        if not problems and given.get("url") and (expected := address_problem(given["url"])):
            problems.append(f"data.options.url: expected {expected}")
        if problems:
            raise DataError(problems)
        return cls(**given)


_CHOICES: dict[str, tuple[str, ...]] = {"voi": get_args(Voi), "contours": get_args(Contours)}


def _expected(name: str, value: object, default: object) -> str | None:
    """What an option is expected to be; None where it is."""
    if name in _CHOICES:
        return None if value in _CHOICES[name] else " or ".join(_CHOICES[name])
    if isinstance(default, tuple):
        texts = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
        return None if texts else "a list of texts"
    if type(value) is not type(default):
        return "true or false" if isinstance(default, bool) else "a text"
    return None
