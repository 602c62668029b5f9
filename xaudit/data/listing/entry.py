"""Entries of an export: an image, and what was drawn on it or said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xaudit.core.case import CaseIssue, Region
from xaudit.core.message import Sentence
from xaudit.data.listing.options import Options
from xaudit.data.spec import DataSpec


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing that was annotated.

    Attributes:
        name: its class.
        region: where it lies; None for a class of the whole image, or what has no area.
        whole: said of the whole image.
        crowd: several things in one outline, which is not scored.
    """

    name: str
    region: Region | None = None
    whole: bool = False
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of an export.

    Attributes:
        image: absolute path below the root; there may be no file.
        shapes: what was annotated.
        seen: without shapes: the layout says that somebody looked, and there was nothing.
        size: (height, width) that the export states.
        split: part of the data set, where the layout has parts.
        patient: where the layout says it.
        groups: column → level, where the layout says it.
        examination: what images that were taken together have in common, where the layout says it.
        label: whether the layout calls it fractured, whatever is drawn; None where classes say it.
    """

    image: Path
    shapes: tuple[Shape, ...] = ()
    seen: bool = False
    size: tuple[int, int] | None = None
    split: str = ""
    patient: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    label: bool | None = None
    examination: str | None = None


@dataclass(slots=True)
class Listing:
    """What an export lists.

    Attributes:
        entries: images that it names.
        unlisted: images of the study that it does not name.
        files: names of the annotation files, for a message.
        names: classes that it declares; what stands at no image among them has no outline.
        issues: what was noticed.
    """

    entries: list[Entry] = field(default_factory=list)
    unlisted: tuple[Path, ...] = ()
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    issues: list[CaseIssue] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of a study.

    Attributes:
        format: its name in an audit file.
        title: for a reader.
        takes: options that it has besides those that all have.
        lists: finds the images and what is said of them.
        name: how reports call the study, where the layout is that of one data set.
        source: citation of the data set.
        license: of the data set.
        positive: classes that mean fractured, where the layout defines it.
        asked: what a person has to know before positive classes are named.
        note: of the reference standard, for the card.
    """

    format: str
    title: str
    lists: Callable[[DataSpec, Options], Listing]
    takes: tuple[str, ...] = ()
    name: str = ""
    source: str = ""
    license: str = ""
    positive: tuple[str, ...] = ()
    asked: str = ""
    note: Sentence = ""


def counts_of(entries: Iterable[Entry]) -> dict[str, tuple[int, int]]:
    """Class → how often it was annotated, and in how many images; the most frequent first."""
    shapes: Counter[str] = Counter()
    images: Counter[str] = Counter()
    for entry in entries:
        shapes.update(shape.name for shape in entry.shapes)
        images.update({shape.name for shape in entry.shapes})
    return {name: (count, images[name]) for name, count in shapes.most_common()}


def counted(counts: Mapping[str, tuple[int, int]]) -> str:
    """Classes with their counts, in words."""
    told = [
        f"{name!r} ({number:,} in {images:,} images)" for name, (number, images) in counts.items()
    ]
    more = len(told) - _TOLD
    return ", ".join(told[:_TOLD]) + (f" and {more} more" if more > 0 else "") or "none"


_TOLD = 30
