"""DICOM as a hospital keeps it: a folder of radiographs, and what draws lesions on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xaudit.core.case import Case, CaseIssue, Study
from xaudit.data.dicom.folder import files_below, files_of_directory
from xaudit.data.dicom.headers.age import OLDEST
from xaudit.data.dicom.headers.attributes import SITE_TAGS
from xaudit.data.dicom.headers.film import Film
from xaudit.data.dicom.headers.grouping import Grouping, grouping_of
from xaudit.data.dicom.headers.identity import case_name, patient_name
from xaudit.data.dicom.labels import keys_of
from xaudit.data.dicom.listing import Listing, listing_of
from xaudit.data.dicom.notes import notes_of, notes_of_patients
from xaudit.data.dicom.options import DicomOptions
from xaudit.data.dicom.pixels.frame import DicomFrame
from xaudit.data.dicom.truth import Truth, truth_of
from xaudit.data.dicom.web.archive import listing_of_archive
from xaudit.data.format import FORMATS
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError

_FIXED = ("manifest", "patient", "split", "missing", "mask_values")
_SHOWN = 12


@FORMATS.register("dicom")
def read_dicom(spec: DataSpec) -> Study:
    """List the radiographs of a folder, one case for each frame.

    Labels come from a table (``data.options.labels``), or from lesions where that is declared.
    Groups: age in bins, sex, view, laterality, body part, manufacturer, model, detector, and the
    institution or station, by a hash of its name.

    Raises:
        DataError: there is no radiograph, no label, or something is declared that does not fit.
    """
    _refuse(spec)
    options = DicomOptions.of(spec.options)
    listing = _listing(spec, options)
    if not listing.films:
        raise DataError(f"{spec.root}: expected radiographs in DICOM ({_there(listing)})")
    return _study(spec, options, listing)


def _listing(spec: DataSpec, options: DicomOptions) -> Listing:
    if options.url:
        keys, role = keys_of(spec, options.labels)
        return listing_of_archive(keys, role, options)
    named = options.dicomdir
    files = files_of_directory(spec.root, named) if named else files_below(spec.root)
    table = spec.root / options.labels
    return listing_of((path for path in files if path != table), options)


def _study(spec: DataSpec, options: DicomOptions, listing: Listing) -> Study:
    films = listing.films
    truth = truth_of(spec, options, listing)
    grouping = grouping_of(spec, options, films)
    cases, unlabeled = _cases(options, films, truth, grouping)
    told = (*notes_of(listing), *notes_of_patients(films.values()), *truth.issues)
    return Study(
        name=spec.name or spec.root.name,
        cases=cases,
        issues=(*told, *grouping.issues, *unlabeled),
        source=spec.source,
        license=spec.license,
        unit="patient",
        site_column=grouping.site,
        listed=len(cases) + len(unlabeled),
    )


def _refuse(spec: DataSpec) -> None:
    problems = [
        f"data.{name}: format dicom takes it from the objects; leave it out"
        for name in _FIXED
        if getattr(spec, name)
    ]
    if spec.mask_lesions == "values":
        problems.append("data.mask_lesions: expected one or components for format dicom")
    if spec.site is not None and spec.site not in SITE_TAGS:
        problems.append(f"data.site: expected {' or '.join(SITE_TAGS)}, got {spec.site!r:.40}")
    if any(border > OLDEST for border in spec.bins.get("age", ())):
        problems.append(f"data.bins.age: ages above {OLDEST} are one group; they name people")
    if problems:
        raise DataError(problems)


def _there(listing: Listing) -> str:
    found = [f"{n} × {what}" for what, n in sorted(listing.others.items()) if n]
    found += [f"{n} files {what}" for what, n in (
        ("that are no DICOM", listing.foreign), ("with damaged headers", listing.damaged),
        ("that draw on images", len(listing.drawing))) if n]  # fmt: skip
    return "found " + (", ".join(found[:_SHOWN]) or "no file")


def _cases(
    options: DicomOptions, films: Mapping[str, Film], truth: Truth, grouping: Grouping
) -> tuple[tuple[Case, ...], list[CaseIssue]]:
    """The cases in the order of their ids, and the images without a label."""
    cases, unlabeled = [], []
    for film in sorted(films.values(), key=lambda one: one.name):
        for frame in range(film.frames):
            name = case_name(film.uid, frame, film.frames)
            lesions = truth.lesions(film.uid, frame)
            label = truth.label(film.uid, lesions)
            if label is None:
                unlabeled.append(CaseIssue(name, "no_label", truth.unknown, "excluded"))
                continue
            image = DicomFrame(film.kept, name, film.header, film.refused, options.voi,
                               frame, film.frames)  # fmt: skip
            case = Case(name, _patient(film), label, image, lesions, film.artifacts)
            groups = grouping.levels[film.uid]
            site = grouping.site_of(film.uid)
            cases.append(
                replace(
                    case, site=site, groups=groups, spacing=film.spacing,
                    examination=film.examination or None,
                )
            )  # fmt: skip
    return tuple(cases), unlabeled


def _patient(film: Film) -> str:
    """Whose image it is; an examination has one patient, whoever it is."""
    return film.patient or patient_name(film.examination or film.uid, "")
