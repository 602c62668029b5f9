"""What a film shows of a fracture, and that its mask says where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from xaudit.core.seeds import generator_for
from xaudit.phantom.anatomy import PARTS
from xaudit.phantom.film import expose
from xaudit.phantom.fractures import KINDS
from xaudit.phantom.study import Patient, phantom_study, sample_patient

STILL = {"shift": (0.0, 0.0), "angle": (0.0, 0.0), "along": 0.0}


def films(patient: Patient) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first view with and without the fracture, and the union of its masks."""
    view = patient.views[0]
    broken = expose(patient.limb, patient.fractures, view, patient.device)
    intact = expose(patient.limb, (), view, patient.device)
    change = np.abs(broken.image.astype(float) - intact.image.astype(float))
    return change, broken.lesions.any(axis=0), intact.lesions


def patients(count: int) -> list[Patient]:
    return [sample_patient(3, index, 1.0) for index in range(count)]


@pytest.mark.parametrize("index", range(8))
def test_fracture_that_does_not_move_the_bone_changes_the_film_only_in_its_mask(index):
    patient = sample_patient(3, index, 1.0)
    kind = {"comminuted": "transverse", "greenstick": "hairline"}
    still = tuple(replace(f, kind=kind.get(f.kind, f.kind), **STILL) for f in patient.fractures)
    change, mask, none = films(replace(patient, fractures=still))
    assert mask.any()
    assert none.shape[0] == 0
    # Scatter spreads less than one gray value beyond the outline.
    assert change[~mask].max() <= 3
    assert change[mask].mean() > 5 * change[~mask].mean()


def test_displaced_fractures_change_the_film_most_in_their_masks():
    inside, outside = zip(
        *(
            (change[mask].mean(), change[~mask].mean())
            for change, mask, _ in map(films, patients(12))
        ),
        strict=True,
    )
    assert np.median(np.array(inside) / np.array(outside)) > 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fracture_darkens_bone_inside_its_mask(kind):
    seen = 0
    for patient in patients(5):
        fractures = tuple(replace(f, kind=kind) for f in patient.fractures)
        change, mask, _ = films(replace(patient, fractures=fractures))
        seen += bool(mask.any() and change[mask].max() > 4)
    assert seen >= 4


def test_marker_mask_covers_the_marker_and_is_empty_where_it_was_forgotten():
    patient = sample_patient(5, 0, 0.0)
    with_marker = replace(patient.views[0], marker="boxed")
    without = replace(patient.views[0], marker=None)
    shown = expose(patient.limb, (), with_marker, patient.device)
    bare = expose(patient.limb, (), without, patient.device)
    assert not bare.marker.any()
    changed = shown.image != bare.image
    assert changed[shown.marker].all()
    rim = ndimage.binary_dilation(shown.marker, iterations=3)
    assert not changed[~rim].any()


@pytest.mark.parametrize("part", sorted(PARTS))
def test_bone_is_brighter_than_soft_tissue_and_soft_tissue_than_air(part):
    cases = [c for c in phantom_study(4, 24, 0.0).cases if c.groups["body_part"] == part]
    assert cases
    for case in cases:
        low, middle, high = np.percentile(case.image, (4, 50, 99))
        assert high > low + 90
        assert low < 40
        assert low <= middle <= high


def test_both_bones_of_a_forearm_can_break_and_have_a_mask_each():
    cases = phantom_study(6, 30, 1.0).cases
    assert {len(case.lesions) for case in cases} >= {1, 2}
    for case in cases:
        assert case.lesions.shape[1:] == case.image.shape
        assert case.lesions.any(axis=(1, 2)).all()


def test_texture_and_noise_do_not_depend_on_how_films_are_ordered():
    patient = sample_patient(9, 1, 1.0)
    rng = generator_for(0, "unrelated")
    rng.random(1000)
    first = [expose(patient.limb, patient.fractures, v, patient.device) for v in patient.views]
    again = [
        expose(patient.limb, patient.fractures, v, patient.device) for v in patient.views[::-1]
    ]
    for one, other in zip(first, again[::-1], strict=True):
        assert np.array_equal(one.image, other.image)
