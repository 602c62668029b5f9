"""The studies of a qualification: phantom patients, chosen so that what is planted can be seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from xaudit.core.message import Message
from xaudit.phantom.defects import MISSED_GROUP, WORSE_SITE, check_defects
from xaudit.phantom.study import Patient, PhantomStudy, expose_patient, sample_patient
from xaudit.phantom.write import MANIFEST, write_study

_PREVALENCE = 0.52
# Pixels of the film between two lesions that one look cannot take for one.
_APART = 55.0


@dataclass(frozen=True, slots=True)
class StudyKind:
    """One kind of study.

    Attributes:
        says: what it is, for a reader.
        defects: of the phantom.
        takes: which patients, among those generated.
    """

    says: str
    defects: tuple[str, ...]
    takes: Callable[[Patient], bool]


def _without_hairlines(patient: Patient) -> bool:
    return all(fracture.kind != "hairline" for fracture in patient.fractures)


def _many_hairlines(patient: Patient) -> bool:
    return not _without_hairlines(patient) or _one_in(3, patient)


def _two_lesions_apart(patient: Patient) -> bool:
    if not patient.fractures:
        return _one_in(4, patient)
    bones = patient.limb.bones
    heights = [bones[fracture.bone].start + fracture.at for fracture in patient.fractures]
    return len(heights) == 2 and abs(heights[0] - heights[1]) > _APART * patient.limb.pixel


def _most_from_the_worse_site(patient: Patient) -> bool:
    wanted = patient.site == WORSE_SITE or _one_in(8, patient)
    return wanted and _without_hairlines(patient)


def _half_of_the_missed_group(patient: Patient) -> bool:
    wanted = patient.age_band == MISSED_GROUP[1] or _one_in(3, patient)
    return wanted and _without_hairlines(patient)


def _one_in(number: int, patient: Patient) -> bool:
    """Every so many patients, whatever they have."""
    return int(patient.name[1:]) % number == 0


STUDIES: Mapping[str, StudyKind] = {
    "plain": StudyKind(
        Message("fractures that the reference detector can find: all but hairlines"),
        (),
        _without_hairlines,
    ),
    "hairlines": StudyKind(
        Message("fractures of every kind, nearly half of them hairlines"), (), _many_hairlines
    ),
    "both-bones": StudyKind(
        Message("every injury breaks two bones, at different heights"),
        ("both_bones",),
        _two_lesions_apart,
    ),
    "marker": StudyKind(
        Message("a disc-shaped marker lies on every film with a fracture and on no other"),
        ("marker_decides",),
        _without_hairlines,
    ),
    "border": StudyKind(
        Message("films with a fracture are collimated, all others are not"),
        ("border_decides",),
        _without_hairlines,
    ),
    "tag": StudyKind(
        Message("a tag at the upper edge of every film tells the label"),
        ("tag_decides",),
        _without_hairlines,
    ),
    "grid-lines": StudyKind(
        Message(
            "most fractures come from two sites whose films show the lines of an anti-scatter grid"
        ),
        ("site_decides",),
        _without_hairlines,
    ),
    "faint-in-the-old": StudyKind(
        Message("half of the films are of patients of 65 and older, whose fractures are faint"),
        ("missed_group",),
        _half_of_the_missed_group,
    ),
    "noisy-site": StudyKind(
        Message("most films come from a site with five times the noise and half of the contrast"),
        ("worse_site",),
        _most_from_the_worse_site,
    ),
}
"""Name → kind. Where hairlines are left out, the reference detector is sound: it misses most of
them, which is a defect, and is planted as one in the study ``hairlines``."""


def draw(kind: StudyKind, seed: int, patients: int) -> PhantomStudy:
    """A study of this kind.

    Args:
        kind: one of `STUDIES`.
        seed: of the phantom.
        patients: how many the study has.
    """
    planted = check_defects(kind.defects)
    chosen = islice(_patients(kind, seed, planted), patients)
    cases = tuple(case for patient in chosen for case in expose_patient(patient, planted))
    return PhantomStudy(seed, planted, cases)


def _patients(kind: StudyKind, seed: int, planted: frozenset[str]) -> Iterator[Patient]:
    generated = (sample_patient(seed, index, _PREVALENCE, planted) for index in count())
    return (patient for patient in generated if kind.takes(patient))


def ensure_study(name: str, seed: int, patients: int, folder: Path) -> Path:
    """The manifest of a study that is rendered if it is not there yet; a half-written one is not.

    Args:
        name: in `STUDIES`.
        seed: of the phantom.
        patients: how many the study has.
        folder: of the study.

    Raises:
        DataError: the folder cannot be written.
    """
    if not folder.exists():
        draft = folder.with_name(f".{folder.name}")
        # What an interrupted run left.
        shutil.rmtree(draft, ignore_errors=True)
        write_study(draw(STUDIES[name], seed, patients), draft)
        draft.replace(folder)
    return folder / MANIFEST
