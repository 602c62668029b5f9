"""What is told of a DICOM study: counts, and no value of an attribute that is private."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xaudit.core.case import CaseIssue
from xaudit.core.message import Message
from xaudit.data.dicom.headers.film import Film
from xaudit.data.dicom.lesions.drawn import Drawing
from xaudit.data.dicom.lesions.read import fits
from xaudit.data.dicom.listing import Listing


def notes_of(listing: Listing) -> Iterator[CaseIssue]:
    """What is told of the files and headers of a study."""
    counted = {
        "not_dicom": Message("{n} files are no DICOM and are left out", n=listing.foreign),
        "damaged_object": Message(
            "{n} DICOM files are damaged in their headers, so nobody can tell what they are: they "
            "are left out",
            n=listing.damaged,
        ),
        "repeated_object": Message(
            "{n} files hold an object that another file holds too; the first one is used",
            n=listing.repeated,
        ),
        "other_objects": Message(
            "{n} objects are no radiographs and are left out: {kinds}",
            n=listing.others.total(),
            kinds=_counts(listing.others),
        ),
    }
    yield from (_note(kind, said) for kind, said in counted.items() if said.params["n"])
    films = listing.films.values()
    yield from _flagged(films)
    sources = Counter(film.spacing_from for film in films)
    yield _note("pixel_spacing", Message("pixel spacing: {sources}", sources=_counts(sources)))


def _flagged(films: Iterable[Film]) -> Iterator[CaseIssue]:
    counts = Counter(flag for film in films for flag in film.flags)
    said = {
        "burned_in_annotation": Message(
            "{n} images are flagged as bearing burnt-in annotation: names may be read in them, and "
            "a detector may read marks",
            n=counts["burned_in_annotation"],
        ),
        "for_processing": Message(
            "{n} images are raw values for processing, not what a reader is shown",
            n=counts["for_processing"],
        ),
        "polarity_contradicts": Message(
            "{n} images say two polarities (photometric interpretation and presentation LUT "
            "shape); the shape is followed",
            n=counts["polarity_contradicts"],
        ),
    }
    yield from (_note(kind, said[kind]) for kind in said if counts[kind])


def notes_of_patients(films: Iterable[Film]) -> Iterator[CaseIssue]:
    """How many images name no patient."""
    unnamed = sum(film.patient is None for film in films)
    if unnamed:
        yield _note(
            "no_patient_id",
            Message(
                "{n} images name no patient; each examination of theirs is counted as one",
                n=unnamed,
            ),
        )


def notes_of_lesions(
    drawing: Drawing, damaged: int, films: Mapping[str, Film]
) -> Iterator[CaseIssue]:
    """What objects draw that is no lesion of an image of the study."""
    astray = sum(not fits(one, films) for one in drawing.drawn)
    counted = {
        "annotation_without_image": Message(
            "{n} annotated regions refer to no image of the study", n=astray
        ),
        "annotation_left_out": Message(
            "{n} annotations are left out: {kinds}",
            n=drawing.left_out.total(),
            kinds=_counts(drawing.left_out),
        ),
        "damaged_annotation": Message(
            "{n} objects with annotations are damaged, so what they draw is not known", n=damaged
        ),
    }
    yield from (_note(kind, said) for kind, said in counted.items() if said.params["n"])


def note_of_lesion_names(kept: int, others: int) -> Iterator[CaseIssue]:
    """How many regions have other names than those that are declared to be lesions."""
    if others:
        yield _note(
            "annotation_of_others",
            Message(
                "{n} annotated regions are lesions by their names, {others} are not",
                n=kept,
                others=others,
            ),
        )


def note_of_labels(key: str, strangers: int) -> Iterator[CaseIssue]:
    """What is to be known of a table of labels."""
    if strangers:
        yield _note(
            "label_without_image",
            Message("{n} rows of the labels name no image of the study", n=strangers),
        )
    if key == "accession_number":
        yield _note(
            "label_of_examination",
            Message("labels are those of examinations: every image of one takes its label"),
        )


def _note(kind: str, said: Message) -> CaseIssue:
    return CaseIssue("(study)", kind, said, "noted")


def _counts(counts: Mapping[Any, int]) -> list[Message]:
    """Each kind with its number, the most frequent ones first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [Message("{n} × {what}", n=n, what=what) for what, n in ordered if n]
