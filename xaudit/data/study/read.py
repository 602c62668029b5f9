"""A study as declared: its cases in order, and all that is wrong with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from xaudit.core.case import NOT_RECORDED, Case, CaseIssue, Study
from xaudit.core.message import Message
from xaudit.data.contradictions import patient_contradicts
from xaudit.data.format import FORMATS
from xaudit.data.formats import dicom, fracatlas, manifest
from xaudit.data.spec import DataSpec
from xaudit.data.study.artifact_issues import artifact_issues
from xaudit.data.study.examinations import check_examinations
from xaudit.data.study.views import with_examinations
from xaudit.data.tables.levels import UNKNOWN
from xaudit.errors import DataError

BUILT_IN = (dicom.read_dicom, fracatlas.read_fracatlas, manifest.read_manifest)
_WITH_OPTIONS = (dicom.read_dicom,)
_READERS = 8
_NO_LABELS = (
    "data.options.labels: none: a study that does not say what is fractured cannot be audited: "
    "there is neither sensitivity nor a false alarm. Whether its images and scores differ from "
    "those of a finished audit says `xaudit compare AUDIT --cohort cohort.yaml`"
)
_LABELS = (
    "data.options: expected labels: none: a cohort is a study that does not say what is fractured. "
    "One that does is audited with `xaudit run`"
)


def load_study(spec: DataSpec, *, labels: bool = True) -> Study:
    """List the cases of a study and check them against each other; no pixel of an image is decoded.

    Looked at: files that are missing or no images, EXIF rotation, artifacts that cannot be
    rasterized, byte-identical copies and labels that contradict each other or the lesions, patients
    at two sites or with two sexes, levels of a single case. Copies are the same patient: where the
    study declares one image per patient, a copy takes the patient of the first.

    Args:
        spec: what is declared.
        labels: whether the study has to say what is fractured; False for a cohort.

    Raises:
        DataError: the root, the list or its rows cannot be used; every mistake is listed. Or the
            study has no labels, or has some, against what is asked for.
        RegistryError: no format has this name.
    """
    if not spec.root.is_dir():
        raise DataError(f"data.root: expected the folder of the study, got {spec.root}")
    reader = FORMATS[spec.format]
    if spec.options and reader in BUILT_IN and reader not in _WITH_OPTIONS:
        raise DataError(f"data.options: format {spec.format} has none; leave them out")
    study = reader(replace(spec, root=spec.root.resolve()))
    if not study.cases:
        raise DataError(f"{spec.root}: the study lists no case")
    if study.labeled != labels:
        raise DataError(_NO_LABELS if labels else _LABELS)
    study = replace(study, cases=_choose_groups(study.cases, spec))
    if spec.examinations is not None:
        check_examinations(study.cases)
    copies = _copies(study.cases)
    of_images = (
        *study.issues,
        *_file_issues(study.cases),
        *artifact_issues(study.cases),
    )
    of_copies = tuple(_copy_issues(study.cases, copies, excluded=spec.exclude_duplicates))
    if spec.views is not None:
        joined = with_examinations(replace(study, issues=(*of_images, *of_copies)), spec.views)
        study, of_images, of_copies, copies = joined, joined.issues, (), {}
    issues = (
        *of_images,
        *_label_issues(study),
        *of_copies,
        *_traveling_patients(study),
        *patient_contradicts("(study)", study.cases),
        *_lonely_levels(study.cases),
    )
    cases = _without_copies(study, copies, excluded=spec.exclude_duplicates)
    return replace(study, cases=cases, issues=issues)


def _choose_groups(cases: Sequence[Case], spec: DataSpec) -> tuple[Case, ...]:
    known = {column for case in cases for column in case.groups}
    unknown = [column for column in spec.groups if column not in known]
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        raise DataError([f"data.groups: no column {name!r}; there is: {there}" for name in unknown])
    if spec.invert:
        cases = [replace(case, inverted=not case.inverted) for case in cases]
    if not spec.groups:
        return tuple(cases)
    return tuple(
        replace(case, groups={name: case.groups[name] for name in spec.groups}) for case in cases
    )


def _file_issues(cases: Sequence[Case]) -> Iterator[CaseIssue]:
    for case in cases:
        try:
            header = case.image.header()
        except DataError as error:
            kind = "unreadable_file" if case.image.exists() else "missing_file"
            yield CaseIssue(case.case_id, kind, str(error), "unreadable")
            continue
        if header.orientation != 1:
            detail = Message(
                "EXIF orientation {n} is applied: the image is used as {width} x {height} "
                "pixels (width x height)",
                n=header.orientation,
                width=header.grid.plane[1],
                height=header.grid.plane[0],
            )
            yield CaseIssue(case.case_id, "exif_rotated", detail, "noted")


def _label_issues(study: Study) -> Iterator[CaseIssue]:
    annotated = any(case.lesions for case in study.cases)
    told = {issue.case_id for issue in study.issues if issue.kind == "empty_mask"}
    for case in study.cases:
        if case.lesions and not case.label:
            detail = Message(
                "the label says no fracture, {n} lesions are annotated", n=len(case.lesions)
            )
            yield CaseIssue(case.case_id, "label_contradicts_lesions", detail, "noted")
        if case.label and not case.lesions and annotated and case.case_id not in told:
            detail = Message("the label says fractured, no lesion is annotated: not localized")
            yield CaseIssue(case.case_id, "fracture_without_lesion", detail, "noted")


def _copies(cases: Sequence[Case]) -> dict[str, Case]:
    """Id of each later copy → the first case with the same bytes."""
    with ThreadPoolExecutor(_READERS) as pool:
        hashes = list(pool.map(lambda case: case.image.fingerprint(), cases))
    first: dict[str, Case] = {}
    copies = {}
    for case, content in zip(cases, hashes, strict=True):
        if content is not None and first.setdefault(content, case) is not case:
            copies[case.case_id] = first[content]
    return copies


def _copy_issues(
    cases: Sequence[Case], copies: Mapping[str, Case], *, excluded: bool
) -> Iterator[CaseIssue]:
    for case in cases:
        first = copies.get(case.case_id)
        if first is None:
            continue
        detail = Message("the file is byte-identical to that of {case}", case=first.case_id)
        yield CaseIssue(case.case_id, "duplicate", detail, "excluded" if excluded else "noted")
        if case.label != first.label:
            detail = Message(
                "the same image is labeled {label} here and {other} in {case}",
                label=str(case.label),
                other=str(first.label),
                case=first.case_id,
            )
            yield CaseIssue(case.case_id, "duplicate_label_conflict", detail, "noted")


def _traveling_patients(study: Study) -> Iterator[CaseIssue]:
    """Patients with cases at two sites, named by their cases: they tie the sites together."""
    homes: dict[str, list[Case]] = defaultdict(list)
    for case in study.cases:
        if case.site is not None:
            homes[case.patient].append(case)
    for own in homes.values():
        first = own[0]
        other = next((case for case in own if case.site != first.site), None)
        if other is not None:
            detail = Message(
                "column {column}: one patient has this case at {site} and {case} at {other}; "
                "sites are then not independent",
                column=repr(study.site_column),
                site=repr(first.site),
                case=other.case_id,
                other=repr(other.site),
            )
            yield CaseIssue(first.case_id, "patient_in_two_sites", detail, "noted")


def _lonely_levels(cases: Sequence[Case]) -> Iterator[CaseIssue]:
    """Levels of one case: most often a typing error, and no figure can be given for them."""
    counts = Counter(pair for case in cases for pair in case.groups.items())
    for case in cases:
        for column, level in case.groups.items():
            if level not in {NOT_RECORDED, UNKNOWN} and counts[column, level] == 1:
                detail = Message(
                    "column {column}: the only case of {level}",
                    column=repr(column),
                    level=repr(level),
                )
                yield CaseIssue(case.case_id, "group_of_one", detail, "noted")


def _without_copies(
    study: Study, copies: Mapping[str, Case], *, excluded: bool
) -> tuple[Case, ...]:
    if excluded:
        return tuple(case for case in study.cases if case.case_id not in copies)
    if study.unit == "patient":
        return study.cases
    return tuple(
        replace(case, patient=copies[case.case_id].patient) if case.case_id in copies else case
        for case in study.cases
    )
