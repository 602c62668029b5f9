"""Inspection of a layout: a first declaration, with classes and counts for a person to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xaudit.data.listing.classes import question
from xaudit.data.listing.entry import Layout, Listing, counts_of
from xaudit.data.listing.options import Options
from xaudit.data.listing.patterns import original_of
from xaudit.data.recognize import Inspection
from xaudit.data.spec import DataSpec

OPEN = "?"
"""Stands in an audit file where an answer is wanted."""


def inspect_layout(
    folder: Path,
    layout: Layout,
    options: Mapping[str, Any] | None = None,
    *,
    patients: bool = False,
) -> Inspection:
    """What a person has to read over, and answer, before a layout can be audited.

    Args:
        folder: of the study.
        layout: which was recognized.
        options: to write into the audit file.
        patients: whether the layout says of whom an image is.

    Raises:
        DataError: its files cannot be read.
    """
    root = folder.resolve()
    spec = DataSpec(layout.format, root, name=layout.name or root.name, options=dict(options or {}))
    listing = layout.lists(spec, Options(**spec.options))
    findings = [f"recognized {layout.title} by {_some(listing.files)}"]
    findings += [] if layout.positive else [question(layout, _counts(listing))]
    splits = Counter(entry.split for entry in listing.entries if entry.split)
    written: dict[str, Any] = dict(spec.options)
    silent = sum(not (entry.shapes or entry.seen) for entry in listing.entries)
    if open_ones := silent + len(listing.unlisted):
        written["unannotated"] = OPEN
        findings.append(
            f"{open_ones:,} of {len(listing.entries) + len(listing.unlisted):,} images have no "
            "annotation: did somebody look and find nothing (normal), or nobody look (excluded)?"
        )
    if len(splits) > 1:
        written["copies_across_splits"] = True
    findings += [*_of_splits(splits), *_of_patients(listing, patients)]
    answers = {**written, **({"unannotated": "normal"} if open_ones else {})}
    answers.pop("copies_across_splits", None)
    return Inspection(
        replace(spec, root=folder, options=written, split=("test",) if "test" in splits else ()),
        findings=tuple(findings),
        preview=replace(
            spec,
            options=answers,
            positive=() if layout.positive else tuple(counts_of(listing.entries)),
        ),
    )


def _counts(listing: Listing) -> dict[str, tuple[int, int]]:
    return {**dict.fromkeys(listing.names, (0, 0)), **counts_of(listing.entries)}


def _some(files: tuple[str, ...]) -> str:
    more = len(files) - 3
    return ", ".join(files[:3]) + (f" and {more} more files" if more > 0 else "")


def _of_splits(splits: Mapping[str, int]) -> Iterator[str]:
    if len(splits) > 1:
        told = ", ".join(f"{name} ({count:,})" for name, count in splits.items())
        audited = "test is audited" if "test" in splits else "all are audited"
        yield (
            f"splits by folder: {told}; {audited}. Name under split what the detector was not "
            "trained on; pictures that stand in several splits are named by `xaudit check`"
        )


def _of_patients(listing: Listing, patients: bool) -> Iterator[str]:
    if patients:
        return
    yield (
        "nothing says of whom an image is: one image per patient is declared; is that so? If names "
        "of images say it, write it as options: {patient_pattern: '^(\\d+)_'}; if a table does, "
        "name it as manifest: with columns image and patient"
    )
    names = [entry.image.stem for entry in listing.entries]
    originals = {original_of(name) for name in names}
    if len(originals) < len(names):
        yield (
            f"Roboflow made these {len(names):,} images of {len(originals):,}: those of one "
            "original count as one patient"
        )
