"""What is known of the truth of radiographs: labels, and lesions that somebody drew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from xaudit.core.case import CaseIssue, Region
from xaudit.core.message import Message
from xaudit.data.dicom.labels import Labels, read_labels
from xaudit.data.dicom.lesions.drawn import Drawn
from xaudit.data.dicom.lesions.read import fits, read_drawing
from xaudit.data.dicom.listing import Listing
from xaudit.data.dicom.notes import note_of_labels, note_of_lesion_names, notes_of_lesions
from xaudit.data.dicom.options import DicomOptions
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of the truth.

    Attributes:
        drawn: SOP Instance UID → lesions.
        unclear: images on which something is drawn that encloses nothing.
        labels: of a table; None where lesions mean a fracture.
        issues: what is to be told of both.
    """

    drawn: Mapping[str, Sequence[Drawn]]
    unclear: Collection[str]
    labels: Labels | None
    issues: tuple[CaseIssue, ...] = ()

    def lesions(self, uid: str, frame: int) -> tuple[Region, ...]:
        """The lesions of a frame: those that objects draw, and those of the table."""
        drawn = (one.region for one in self.drawn.get(uid, ()) if one.frame in {None, frame})
        return (*drawn, *(() if self.labels is None else self.labels.lesions.get(uid, ())))

    def label(self, uid: str, lesions: Sequence[Region]) -> bool | None:
        """Whether an image is fractured; None where that is not known."""
        if self.labels is not None:
            return self.labels.label.get(uid)
        return bool(lesions) or (None if uid in self.unclear else False)

    @property
    def unknown(self) -> Message:
        """Why it is not known."""
        if self.labels is not None:
            return Message("the table of labels has no row for this image")
        return Message(
            "what is drawn on this image encloses nothing or cannot be placed: whether it shows a "
            "lesion is not known"
        )


def truth_of(spec: DataSpec, options: DicomOptions, listing: Listing) -> Truth:
    """Read labels and annotations.

    Args:
        spec: of the study.
        options: of the study.
        listing: radiographs, and the objects that may draw on them.

    Raises:
        DataError: there is no label, the table cannot be used, or annotations whose meaning has to
            be known are damaged or have several names.
    """
    films, components = listing.films, spec.mask_lesions == "components"
    drawing, damaged = read_drawing(listing.drawing, films, options, components=components)
    on_films = [one for one in drawing.drawn if fits(one, films)]
    kept = _lesions(on_films, options)
    issues = [*note_of_lesion_names(len(kept), len(on_films) - len(kept))]
    issues += notes_of_lesions(drawing, damaged, films)
    labels = read_labels(spec, options.labels, films) if options.labels else None
    if labels is None:
        _refuse_to_guess(options, damaged)
    else:
        issues += note_of_labels(labels.key, labels.strangers)
    found: dict[str, list[Drawn]] = {}
    for one in kept:
        found.setdefault(one.uid, []).append(one)
    return Truth(found, drawing.unclear, labels, tuple(issues))


def _lesions(drawn: Sequence[Drawn], options: DicomOptions) -> list[Drawn]:
    """What is a lesion by its name; all of it, where there is one name and none is declared."""
    patterns = [name.casefold() for name in options.lesion_names]
    names = {one.name.casefold() for one in drawn}
    if patterns:
        return [
            one for one in drawn if any(fnmatchcase(one.name.casefold(), name) for name in patterns)
        ]
    if len(names) > 1:
        told = sorted({repr(one.name[:64]) for one in drawn if one.told})
        shown = ", ".join(told[:_SHOWN]) or "names of structures, which are not told"
        raise DataError(
            f"annotations have {len(names)} names: {shown}; say which are lesions: "
            "data.options.lesion_names: [NAME, PATTERN*]"
        )
    return list(drawn)


def _refuse_to_guess(options: DicomOptions, damaged: int) -> None:
    if not options.lesions_mean_fracture:
        raise DataError(
            "data.options: expected labels: TABLE.csv (columns sop_instance_uid, label), or "
            "lesions_mean_fracture: true where an image without an annotated lesion has none"
        )
    if damaged:
        raise DataError(
            f"{damaged} objects with annotations are damaged: where lesions mean a fracture, an "
            "image without one would count as normal. Export them again, or give a table of labels"
        )
