"""A study made of what an export lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xaudit.core.case import NOT_RECORDED, Case, CaseIssue, Region, Study
from xaudit.core.message import Message, Sentence
from xaudit.data.annotations.placed import Union
from xaudit.data.image_file import ImageFile
from xaudit.data.listing.classes import Classes, classes_of
from xaudit.data.listing.entry import Entry, Layout, Listing, Shape
from xaudit.data.listing.files import split_of
from xaudit.data.listing.options import Options, read_options
from xaudit.data.listing.patterns import PathPattern, original_of
from xaudit.data.listing.placing import Placing, placing_of
from xaudit.data.listing.side_table import Facts, SideTable, read_side_table
from xaudit.data.listing.splits import copies_across, patients_across
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError


@dataclass(slots=True)
class _Making:
    """A study while it is made."""

    spec: DataSpec
    layout: Layout
    options: Options
    classes: Classes
    table: SideTable | None
    pattern: PathPattern | None
    issues: list[CaseIssue] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    others: list[Case] = field(default_factory=list)
    split_of: dict[str, str] = field(default_factory=dict)
    known_patients: bool = False


def read_layout(spec: DataSpec, layout: Layout, table: SideTable | None = None) -> Study:
    """The study of a layout: its images, labels from classes, lesions, artifacts and patients.

    Args:
        spec: what the audit file says.
        layout: which one is read.
        table: of the cases, where the layout brings one; else the one that ``data.manifest`` names.

    Raises:
        DataError: the export cannot be read, or something has to be declared; every mistake.
    """
    options = read_options(spec.options, layout.format, layout.takes)
    table = table or read_side_table(spec)
    _refuse_unused(spec, layout, table)
    if options.labels and spec.positive:
        raise DataError("data.positive: with data.options.labels: none nothing is; leave it out")
    pattern = PathPattern(options.patient_pattern) if options.patient_pattern else None
    listing = layout.lists(spec, options)
    entries, issues = _annotated(spec, options, listing)
    classes = Classes(frozenset(), ())
    if not options.labels:
        classes = classes_of(spec, layout, options, listing, entries)
    making = _Making(spec, layout, options, classes, table, pattern)
    making.issues = [*listing.issues, *issues, *classes.issues]
    for entry, case_id in zip(entries, _ids(spec.root, entries), strict=True):
        _add(making, entry, case_id)
    if table:
        table.raise_problems()
    if making.problems:
        raise DataError(capped(making.problems))
    return _study(making)


def _refuse_unused(spec: DataSpec, layout: Layout, table: SideTable | None) -> None:
    """Say of which keys nothing would come."""
    of_table = ("patient", "site", "bins", "merge", "missing", "columns")
    unused = [] if table else [name for name in of_table if getattr(spec, name)]
    problems = [
        f"data.{name}: format {layout.format} has no columns of its own; name a table with "
        f"data.manifest (columns image, patient, ...), or use data.options.patient_pattern"
        for name in unused
    ]
    if "masks" not in layout.takes and (spec.mask_values or spec.mask_lesions != "one"):
        problems.append(f"data.mask_values, data.mask_lesions: format {layout.format} has no masks")
    if layout.positive and spec.positive:
        problems.append(f"data.positive: format {layout.format} fixes it; leave it out")
    if problems:
        raise DataError(problems)


def _annotated(
    spec: DataSpec, options: Options, listing: Listing
) -> tuple[list[Entry], list[CaseIssue]]:
    """The entries that somebody looked at, as far as the layout or the audit file say so."""
    seen = [entry for entry in listing.entries if entry.shapes or entry.seen]
    silent = [entry for entry in listing.entries if not (entry.shapes or entry.seen)]
    _refuse_twice(spec.root, listing.entries)
    unlisted = [
        Entry(path, split=split_of(path.relative_to(spec.root))) for path in listing.unlisted
    ]
    open_ones = len(silent) + len(unlisted)
    if not open_ones:
        return seen, []
    if options.unannotated == "normal":
        everyone = [*listing.entries, *unlisted]
        return sorted(everyone, key=lambda entry: entry.image), []
    if options.unannotated == "excluded":
        names = (entry.image.name for entry in (*silent, *unlisted))
        detail = Message("nothing is annotated; left out as declared")
        return seen, [CaseIssue(name, "unannotated", detail, "excluded") for name in names]
    raise DataError(
        f"{open_ones:,} of {len(seen) + open_ones:,} images have no annotation (the first: "
        f"{(*silent, *unlisted)[0].image.name}): did somebody look and find nothing, or nobody "
        "look? write data.options: {unannotated: normal}, or {unannotated: excluded}"
    )


def _refuse_twice(root: Path, entries: Sequence[Entry]) -> None:
    counts = Counter(entry.image for entry in entries)
    twice = [path.relative_to(root).as_posix() for path, count in counts.items() if count > 1]
    if twice:
        raise DataError(
            capped([f"{name}: the export lists this image more than once" for name in twice])
        )


def _ids(root: Path, entries: Sequence[Entry]) -> list[str]:
    """Ids of the cases: names of their images where these differ, else paths below the root."""
    paths = [entry.image.relative_to(root) for entry in entries]
    stems = [path.stem for path in paths]
    bare = [path.with_suffix("").as_posix() for path in paths]
    whole = [path.as_posix() for path in paths]
    ids = next((names for names in (stems, bare) if len(set(names)) == len(names)), whole)
    wrong = [one for one in ids if not one.isprintable() or len(one) > 200]
    if wrong:
        raise DataError(
            f"{wrong[0][:60]!r}: expected names of images of at most 200 printable characters"
        )
    return ids


def _add(making: _Making, entry: Entry, case_id: str) -> None:
    relative = entry.image.relative_to(making.spec.root)
    facts = _facts(making, relative, case_id)
    split = facts.split or entry.split
    audited = not making.spec.split or split in making.spec.split
    patient, groups = _patient(making, entry, relative, facts, audited=audited)
    case = _case(making, entry, case_id) if audited else _bare(making, entry, case_id)
    groups = {**entry.groups, **groups, **facts.groups}
    case = replace(
        case,
        patient=patient,
        site=facts.site,
        spacing=facts.spacing,
        groups={**groups, "split": split} if split and len(making.spec.split) != 1 else groups,
    )
    making.split_of[case_id] = split
    (making.cases if audited else making.others).append(case)
    if not audited:
        detail = Message(
            "split {split} is not among the declared {splits}",
            split=repr(split),
            splits=str(making.spec.split),
        )
        making.issues.append(CaseIssue(case_id, "other_split", detail, "excluded"))


def _facts(making: _Making, relative: Path, case_id: str) -> Facts:
    if making.table is None:
        return Facts()
    row = making.table.row_of(relative)
    if row is None:
        file = making.table.reading.file
        making.problems.append(f"{file}: no row for the image {relative.as_posix()}")
        return Facts()
    return making.table.facts(row, case_id)


def _patient(
    making: _Making, entry: Entry, relative: Path, facts: Facts, *, audited: bool
) -> tuple[str, dict[str, str]]:
    """Of whom an image is, and columns that its path says."""
    groups: dict[str, str] = {}
    patient = facts.patient or entry.patient
    if making.pattern:
        try:
            found, named = making.pattern.read(relative.as_posix())
            patient, groups = patient or found, dict(named)
        except ValueError as error:
            # Other splits may have other names, and nobody counts their patients.
            if audited:
                making.problems.append(
                    f"data.options.patient_pattern: {relative.as_posix()}: {error}; every image "
                    "needs a patient"
                )
    making.known_patients |= bool(patient)
    # One image per patient is declared; copies that Roboflow made of one are one.
    return patient or relative.with_name(original_of(relative.stem)).name, groups


def _case(making: _Making, entry: Entry, case_id: str) -> Case:
    image, classes = ImageFile(entry.image), making.classes
    drawn = [shape for shape in entry.shapes if shape.region is not None]
    placing: Placing | None = None
    if drawn:
        outlines = [shape.region for shape in drawn if shape.region is not None]
        grid = making.options.grid
        placing, issue = placing_of(case_id, image, entry.size, grid, outlines)
        making.issues += [issue] if issue else []

    def regions(shapes: Sequence[Shape]) -> tuple[Region, ...]:
        found = [one.region for one in shapes if one.region is not None]
        return placing.place(found) if placing else ()

    lesions = [shape for shape in drawn if shape.name in classes.positive]
    artifacts = {
        name: _one(regions([shape for shape in drawn if shape.name == name]))
        for name in classes.artifacts
        if any(shape.name == name for shape in drawn)
    }
    return Case(
        case_id=case_id,
        patient=case_id,
        label=_label(making, entry),
        image=image,
        lesions=regions([shape for shape in lesions if not shape.crowd]),
        ignored=regions([shape for shape in lesions if shape.crowd]),
        artifacts=artifacts,
        examination=entry.examination,
    )


def _bare(making: _Making, entry: Entry, case_id: str) -> Case:
    """A case of another split, of which only its image and patient count."""
    return Case(case_id, case_id, _label(making, entry), ImageFile(entry.image))


def _label(making: _Making, entry: Entry) -> bool:
    if entry.label is not None:
        return entry.label
    return any(shape.name in making.classes.positive for shape in entry.shapes)


def _one(regions: Sequence[Region]) -> Region:
    return regions[0] if len(regions) == 1 else Union(tuple(regions))


def _study(making: _Making) -> Study:
    spec, layout, table = making.spec, making.layout, making.table
    by_patient = making.known_patients
    issues = [*making.issues, *_across(making), *(table.issues if table else ())]
    return Study(
        name=spec.name or layout.name or spec.root.name,
        cases=tuple(_with_all_columns(making.cases)),
        issues=tuple(issues),
        source=spec.source or layout.source,
        license=spec.license or layout.license,
        unit="patient" if by_patient else "image",
        unit_note=_unit_note(making),
        site_column=table.site_column if table else None,
        listed=len(making.cases) + sum(issue.effect == "excluded" for issue in issues),
        labeled=not making.options.labels,
    )


def _unit_note(making: _Making) -> Sentence:
    if making.known_patients:
        return ""
    patients = {case.patient for case in making.cases}
    if len(patients) < len(making.cases):
        return Message(
            "The study declares one original image per patient; its {n} images were made of "
            "{originals} originals.",
            n=len(making.cases),
            originals=len(patients),
        )
    return Message("The study declares one image per patient.")


def _across(making: _Making) -> Iterator[CaseIssue]:
    """What audited images share with those of other splits."""
    everyone = (*making.cases, *making.others)
    if making.known_patients or len({one.patient for one in everyone}) < len(everyone):
        yield from patients_across(making.cases, making.others, making.split_of)
    if making.options.copies_across_splits:
        yield from copies_across(making.cases, making.others, making.split_of)


def _with_all_columns(cases: Sequence[Case]) -> Iterator[Case]:
    """Every case with every column: what a study says of some is not recorded of the others."""
    columns = dict.fromkeys(name for case in cases for name in case.groups)
    for case in cases:
        levels = {name: case.groups.get(name) or NOT_RECORDED for name in columns}
        yield replace(case, groups=levels) if levels != case.groups else case
