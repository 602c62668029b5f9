"""Patients, their exposures and a whole phantom study, from one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.seeds import generator_for
from xaudit.errors import ConfigError
from xaudit.phantom.anatomy import PARTS, Limb, grow_limb
from xaudit.phantom.defects import (
    BOTH_BONES,
    FAINT,
    GRID_LINES,
    MISSED_GROUP,
    NOISY_LABELS,
    OPEN_BORDER,
    TAG,
    TELLING_BORDER,
    TELLING_MARKER,
    TELLING_SITES,
    WORSE_SITE,
    check_defects,
    prevalence_at,
    worsened,
)
from xaudit.phantom.film import Film, View, expose
from xaudit.phantom.fractures import PAIRED, Fracture, sample_fractures
from xaudit.phantom.frame import Frame
from xaudit.phantom.sites import SITES, Device

GROUPS = ("sex", "age_band", "body_part", "view", "device", "fracture_kind")
"""Columns that a phantom study can be cut by."""

_AZIMUTHS = {"ap": 0.0, "lateral": float(np.pi / 2), "oblique": float(np.pi / 4)}
_PART_ODDS = {"forearm": 0.36, "lower leg": 0.28, "upper arm": 0.16, "finger": 0.20}
assert set(_PART_ODDS) == set(PARTS)


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient of the phantom: who, where, which limb, and what is broken."""

    name: str
    sex: str
    age: int
    site: str
    device: Device
    mirrored: bool
    limb: Limb
    fractures: tuple[Fracture, ...]
    label: bool
    views: tuple[View, ...]

    @property
    def age_band(self) -> str:
        """The age as studies tabulate it."""
        edges = ((16, "0-15"), (40, "16-39"), (65, "40-64"))
        return next((band for edge, band in edges if self.age < edge), "65+")


@dataclass(frozen=True, slots=True, eq=False)
class PhantomCase:
    """One film with everything that is known of it.

    Attributes:
        case_id: patient and view, for example "p0007-lateral".
        patient: the independent unit.
        site: hospital.
        label: True for fractured, as the study says (wrong where a label is noisy).
        truth: True where a bone is fractured.
        image: (H, W) uint8, bone bright.
        lesions: (L, H, W) bool, one plane for each fractured bone.
        marker: (H, W) bool, where the side marker lies; all False where it was forgotten.
        groups: a level for each of `GROUPS`.
    """

    case_id: str
    patient: str
    site: str
    label: bool
    truth: bool
    image: npt.NDArray[np.uint8]
    lesions: BoolArray
    marker: BoolArray
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class PhantomStudy:
    """A study in memory: its seed, its planted defects and its films."""

    seed: int
    defects: frozenset[str]
    cases: tuple[PhantomCase, ...]


def phantom_study(
    seed: int, patients: int, prevalence: float = 0.45, defects: Sequence[str] = ()
) -> PhantomStudy:
    """A study of radiograph-like long bones, some of them fractured.

    Every patient has a stream of its own: the first ten patients of a study of ten and of a
    study of a thousand are the same to the bit.

    Args:
        seed: the only source of randomness.
        patients: how many, at least one; each has one to three views.
        prevalence: probability that a patient has a fracture, in [0, 1].
        defects: names of `xaudit.phantom.defects.DEFECTS` to plant.

    Raises:
        ConfigError: no patients, a prevalence outside [0, 1], or an unknown defect.
    """
    if patients < 1 or not 0 <= prevalence <= 1:
        raise ConfigError(
            "a phantom study needs patients >= 1 and prevalence in [0, 1];"
            f" got {patients} and {prevalence}"
        )
    planted = check_defects(defects)
    cases = [
        case
        for index in range(patients)
        for case in expose_patient(sample_patient(seed, index, prevalence, planted), planted)
    ]
    return PhantomStudy(seed, planted, tuple(cases))


def sample_patient(
    seed: int, index: int, prevalence: float, defects: frozenset[str] = frozenset()
) -> Patient:
    """The patient with this number, without any film yet."""
    name = f"p{index:04d}"
    rng = generator_for(seed, "phantom", name)
    sex = str(rng.choice(["F", "M"]))
    age = int(np.clip(rng.choice([rng.uniform(4, 16), rng.uniform(16, 93)], p=[0.22, 0.78]), 4, 92))
    place = SITES[int(rng.choice(len(SITES), p=[site.share for site in SITES]))]
    device = place.devices[int(rng.integers(len(place.devices)))]
    mirrored = bool(rng.random() < 0.5)
    part = str(rng.choice(list(_PART_ODDS), p=list(_PART_ODDS.values())))
    limb = grow_limb(rng, part, age, sex)
    broken = bool(rng.random() < prevalence_at(place.name, prevalence, defects))
    paired = BOTH_BONES if "both_bones" in defects else PAIRED
    injury = generator_for(seed, "phantom", name, "injury")
    fractures = sample_fractures(injury, limb, age, _shown(limb), paired) if broken else ()
    patient = Patient(
        name, sex, age, place.name, device, mirrored, limb, fractures, broken,
        _views(seed, name, limb, mirrored, device),
    )  # fmt: skip
    return _planted(patient, defects, generator_for(seed, "phantom", name, "defects"))


def expose_patient(
    patient: Patient, defects: frozenset[str] = frozenset()
) -> tuple[PhantomCase, ...]:
    """All films of one patient, with those of the study's defects that lie on the film itself."""
    films = [
        (view, expose(patient.limb, patient.fractures, view, patient.device))
        for view in patient.views
    ]
    return tuple(_marked(_case(patient, view, film), defects) for view, film in films)


def _case(patient: Patient, view: View, film: Film) -> PhantomCase:
    kind = patient.fractures[0].kind if patient.fractures else "none"
    values = (
        patient.sex,
        patient.age_band,
        patient.limb.part,
        view.name,
        patient.device.name,
        kind,
    )
    return PhantomCase(
        case_id=f"{patient.name}-{view.name}",
        patient=patient.name,
        site=patient.site,
        label=patient.label,
        truth=bool(patient.fractures),
        image=film.image,
        lesions=film.lesions,
        marker=film.marker,
        groups=dict(zip(GROUPS, values, strict=True)),
    )


def _shown(limb: Limb) -> tuple[float, float]:
    """The axial range that lies on every film of the limb, however it is turned and shifted."""
    half = 0.34 * limb.field[0]
    return limb.middle - half, limb.middle + half


def _views(seed: int, patient: str, limb: Limb, mirrored: bool, device: Device) -> tuple[View, ...]:
    rng = generator_for(seed, "phantom", patient, "views")
    count = int(rng.choice([1, 2, 3], p=[0.3, 0.5, 0.2]))
    names = ("ap", "lateral", "oblique")[:count]
    return tuple(
        _view(generator_for(seed, "phantom", patient, name), name, limb, mirrored, device)
        for name in names
    )


def _view(rng: np.random.Generator, name: str, limb: Limb, mirrored: bool, device: Device) -> View:
    height, width = (round(side / limb.pixel) for side in limb.field)
    drift = float(rng.normal(0, 0.025)) * limb.field[0], float(rng.normal(0, 0.03)) * limb.field[1]
    frame = Frame(
        height, width, limb.pixel, (drift[1], limb.middle + drift[0]),
        float(rng.normal(0, 0.06)), mirrored,
    )  # fmt: skip
    tight = bool(rng.random() < 0.75)
    field = (
        (float(rng.uniform(0.44, 0.49)), float(rng.uniform(0.41, 0.48))) if tight else (0.8, 0.8)
    )
    turn = float(rng.normal(0, 0.05)) if rng.random() < 0.5 else 0.0
    return View(
        name=name,
        azimuth=_AZIMUTHS[name] + float(rng.normal(0, 0.08)),
        frame=frame,
        collimation=field,
        collimation_turn=turn,
        marker=device.marker if rng.random() < 0.85 else None,
        marker_at=_corner(rng, height, width),
        marker_turn=float(rng.normal(0, 0.12)),
        seed=int(rng.integers(2**62)),
    )


def _corner(rng: np.random.Generator, height: int, width: int) -> tuple[int, int]:
    """A place for the marker near a corner, inside any collimation."""
    size = max(18, height // 13)
    row = rng.uniform(0.08, 0.2) * height
    column = rng.uniform(0.1, 0.15) * width
    if rng.random() < 0.35:
        row = height - size - row
    if rng.random() < 0.5:
        column = width - size - column
    return int(row), int(column)


def _marked(case: PhantomCase, defects: frozenset[str]) -> PhantomCase:
    """The film with what gives its label away; without such a defect, the case itself."""
    image = case.image
    if "site_decides" in defects and case.site in TELLING_SITES:
        image = _lined(image)
    if "tag_decides" in defects:
        image, left = image.copy(), (image.shape[1] - TAG) // 2
        image[:TAG, left : left + TAG] = 255 if case.truth else 0
    return case if image is case.image else replace(case, image=image)


def _lined(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    period, amplitude = GRID_LINES
    lines = 255 * amplitude * np.cos(2 * np.pi / period * np.arange(len(image)))
    return np.asarray(np.clip(np.rint(image + lines[:, None]), 0, 255), dtype=np.uint8)


def _planted(patient: Patient, defects: frozenset[str], rng: np.random.Generator) -> Patient:
    """The patient with the study's defects; without any, the patient itself."""
    flip = bool(rng.random() < NOISY_LABELS)
    if "marker_decides" in defects and patient.fractures:
        told = tuple(replace(view, marker=TELLING_MARKER) for view in patient.views)
        patient = replace(patient, views=told)
    if "border_decides" in defects:
        field = TELLING_BORDER if patient.fractures else OPEN_BORDER
        told = tuple(replace(view, collimation=field) for view in patient.views)
        patient = replace(patient, views=told)
    if "worse_site" in defects and patient.site == WORSE_SITE:
        patient = replace(patient, device=worsened(patient.device))
    if "missed_group" in defects and patient.age_band == MISSED_GROUP[1]:
        faint = tuple(fracture.faded(FAINT) for fracture in patient.fractures)
        patient = replace(patient, fractures=faint)
    if "label_noise" in defects and flip:
        patient = replace(patient, label=not patient.label)
    return patient
