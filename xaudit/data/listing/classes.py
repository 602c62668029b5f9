"""Classes of an export: which of them mean fractured, and which should not decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xaudit.core.case import CaseIssue
from xaudit.core.message import Message
from xaudit.data.listing.entry import Entry, Layout, Listing, counted, counts_of
from xaudit.data.listing.options import Options
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError


@dataclass(frozen=True, slots=True)
class Classes:
    """Names of classes.

    Attributes:
        positive: they mean fractured; their outlines are lesions.
        artifacts: their outlines are things that should not decide.
        issues: what is told of the others.
    """

    positive: frozenset[str]
    artifacts: tuple[str, ...]
    issues: tuple[CaseIssue, ...] = ()


def classes_of(
    spec: DataSpec, layout: Layout, options: Options, listing: Listing, entries: Sequence[Entry]
) -> Classes:
    """What the classes of an export mean, as the audit file or the layout say it.

    Args:
        spec: with ``positive``.
        layout: which may define what is positive.
        options: with ``artifacts``.
        listing: with the classes that are declared.
        entries: images that somebody looked at.

    Raises:
        DataError: it is not declared, or names a class that there is not; all of them.
    """
    counts = counts_of(entries)
    for name in listing.names:
        counts.setdefault(name, (0, 0))
    positive = spec.positive or layout.positive
    if not positive:
        raise DataError(question(layout, counts))
    problems = list(_problems(spec, options, counts))
    if problems:
        raise DataError(problems)
    return Classes(
        frozenset(positive),
        options.artifacts,
        tuple(_told(entries, counts, positive, options.artifacts)),
    )


def question(layout: Layout, counts: Mapping[str, tuple[int, int]]) -> str:
    """What has to be asked of a person: which classes mean fractured."""
    names = ", ".join(f'"{name}"' for name, (count, _) in list(counts.items())[:3] if count)
    asked = f" {layout.asked}" if layout.asked else ""
    return (
        f"data.positive: which classes mean fractured is not declared.{asked} Found: "
        f"{counted(counts)}. Write those that mean it, under data: positive: [...] (of: "
        f"{names or 'none'}, ...)"
    )


def _problems(
    spec: DataSpec, options: Options, counts: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    for key, names in (("positive", spec.positive), ("options.artifacts", options.artifacts)):
        for name in names:
            if name not in counts:
                yield f"data.{key}: no class {name!r}; found: {counted(counts)}"
    for name in set(spec.positive) & set(options.artifacts):
        yield f"data.options.artifacts: {name!r} is declared positive too"


def _told(
    entries: Sequence[Entry],
    counts: Mapping[str, tuple[int, int]],
    positive: Collection[str],
    artifacts: Collection[str],
) -> Iterator[CaseIssue]:
    """Outlines that are not used, and shapes that are none."""
    drawn = Counter(shape.name for one in entries for shape in one.shapes if shape.region)
    bare = Counter(
        shape.name
        for one in entries
        for shape in one.shapes
        if shape.region is None and not shape.whole
    )
    for name, (_, images) in counts.items():
        if name not in positive and name not in artifacts and drawn[name]:
            detail = Message(
                "class {name}: {n} outlines in {m} images are not used; those of things that "
                "should not decide can be declared under {key}",
                name=repr(name),
                n=drawn[name],
                m=images,
                key="data.options.artifacts",
            )
            yield CaseIssue("(study)", "class_not_used", detail, "noted")
        if bare[name]:
            detail = Message(
                "class {name}: {n} shapes without an area that is read (points, lines, ...) count "
                "for the label alone",
                name=repr(name),
                n=bare[name],
            )
            yield CaseIssue("(study)", "shape_without_area", detail, "noted")
