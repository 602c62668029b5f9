"""The demo study: as large as promised, and none of the studies that the detector was made with."""

from __future__ import annotations

from xaudit.phantom.demo import (
    DEMO_PATIENTS,
    DEMO_PREVALENCE,
    DEMO_SEED,
    REFERENCE_OPERATING_POINT,
)
from xaudit.phantom.study import sample_patient


def test_demo_has_enough_of_everything_to_audit():
    patients = [sample_patient(DEMO_SEED, k, DEMO_PREVALENCE) for k in range(DEMO_PATIENTS)]
    films = sum(len(patient.views) for patient in patients)
    fractured = sum(len(patient.views) for patient in patients if patient.label)
    assert 200 <= films <= 260
    assert 0.38 < fractured / films < 0.52
    assert {patient.site for patient in patients} == {"Alder", "Birch", "Cedar", "Dogwood"}
    assert len({patient.age_band for patient in patients}) == 4
    assert len({p.fractures[0].kind for p in patients if p.fractures}) == 6


def test_demo_is_none_of_the_studies_that_the_detector_was_made_with():
    assert DEMO_SEED not in (7001, 7002, 7003)
    assert REFERENCE_OPERATING_POINT.origin == "fixed"
