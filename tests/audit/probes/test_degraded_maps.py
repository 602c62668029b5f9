"""Does the detector look at the lesion on degraded radiographs too?"""

from types import SimpleNamespace

import numpy as np
import pytest

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.maps.degraded_maps import degraded_map_findings
from xaudit.audit.probes.degraded_maps import DegradedMaps
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.store import ProbeRow, read_table
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.data.transforms.degrade import degraded_lesions
from xaudit.testing import planted_case


def _row(case, score, method="gradcam", metric="mass", corruption="blur", severity="2"):
    return ProbeRow(
        case, method, metric, corruption, severity, score, None if score else "constant"
    )


def _findings(rows, clean):
    stored = {one: SimpleNamespace(value=value) for one, value in clean.items()}
    scores = {("gradcam", "mass"): stored}
    cases = [SimpleNamespace(case_id=one, patient=one[0]) for one in clean]
    results = SimpleNamespace(by_score=scores, cases=cases)
    found = degraded_map_findings(rows, results, StatisticsConfig(draws=300), 1, "patient")
    return {one.metric: one.estimate for one in found}


def test_the_gap_is_that_of_the_same_cases():
    rng = np.random.default_rng(0)
    clean = {f"{patient}{n}": float(rng.random()) for patient in "abcdefgh" for n in range(5)}
    found = _findings([_row(one, value / 2) for one, value in clean.items()], clean)
    mean = np.mean(list(clean.values()))
    assert found["degraded_mass"].value == pytest.approx(mean / 2)
    assert found["degraded_mass_gap"].value == pytest.approx(-mean / 2)
    assert found["degraded_mass_gap"].high < 0
    assert (found["degraded_mass"].n, found["degraded_mass"].clusters) == (40, 8)


def test_a_map_that_cannot_be_read_scores_nothing_and_one_that_never_could_is_left_out():
    clean = {f"{patient}1": 0.5 for patient in "abcdefghijkl"} | {"m1": None}
    rows = [_row(one, None if one == "a1" else 0.5) for one in clean]
    found = _findings(rows, clean)
    assert found["degraded_mass"].n == 12
    assert found["degraded_mass"].value == pytest.approx(0.5 * 11 / 12)


def test_few_cases_give_a_reason():
    clean = {f"{patient}1": 0.5 for patient in "abcde"}
    found = _findings([_row(one, 0.2) for one in clean], clean)
    assert "10 needed" in found["degraded_mass"].undefined


def test_lesions_turn_with_the_image_and_stay_where_nothing_moves():
    lesion = np.zeros((64, 64), dtype=bool)
    lesion[10:20, 30:40] = True
    case = planted_case([lesion], (64, 64))
    turned = degraded_lesions(case, CORRUPTIONS["rotation"], 20)
    assert turned.lesions.sum() == pytest.approx(case.lesions.sum(), rel=0.1)
    # Counterclockwise: what is above the center goes to the left.
    columns = np.nonzero(turned.lesions[0])[1].mean(), np.nonzero(case.lesions[0])[1].mean()
    assert columns[0] < columns[1] - 3
    assert degraded_lesions(case, CORRUPTIONS["blur"], 4) is case


def test_an_audit_reports_maps_of_worse_images(finished):
    found = read_findings(finished)
    rows = read_table(finished / "degraded_maps.parquet", ProbeRow)
    assert {row.method for row in rows} == {"gradcam"}
    assert {row.metric for row in rows} == {"mass", "hit"}
    one = found.find("degraded_mass", degradation="rotation", severity="20", method="gradcam")
    assert one is not None
    assert one.estimate.n == len({row.case_id for row in rows})
    assert one.estimate.value is not None or "needed" in one.estimate.undefined


def test_no_maps_are_made_where_none_are_wanted(tmp_path, carried_out):
    plan = SimpleNamespace(
        config=SimpleNamespace(robustness=SimpleNamespace(maps=5, corruptions=("blur",)), seed=1)
    )
    engine = SimpleNamespace(explainers=())
    results = SimpleNamespace(cases=())
    assert carried_out(DegradedMaps, (plan, engine), results, tmp_path) == []
    assert not list(tmp_path.iterdir())
