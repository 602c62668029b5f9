"""Detectors that decide by a known part of the image, and what erasing finds out about them."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.maps.shortcuts import shortcut_findings
from xaudit.audit.probes.shortcuts import Interventions
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.store import ProbeRow, read_table
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.data.transforms.artifacts import artifacts_of
from xaudit.gate.judging.outcomes import outcomes_of
from xaudit.gate.policies.policy import read_policy

SPEC = InputSpec(224, 160)


class Decides:
    """Its logit is 2 while a part of the image is as it was, and falls as pixels change there."""

    def __init__(self, parts):
        self.parts = parts

    def logits(self, images):
        part = self.parts.get(images[0].tobytes())
        if part is None or not part.any():
            return np.full(len(images), -2.0)
        changed = (np.abs(images - images[0]).max(axis=1) > 0.01)[:, part].mean(axis=1)
        return 2 - 4 * changed


@pytest.fixture(scope="module")
def seen(phantom_folder):
    """The study, its prepared cases and their artifacts."""
    study = load_study(
        DataSpec("manifest", root=phantom_folder / "study", patient="patient", site="site")
    )
    cases = {case.case_id: prepare(case, SPEC) for case in study.cases}
    artifacts = {name: artifacts_of(case, SPEC, case.image[0]) for name, case in cases.items()}
    return SimpleNamespace(study=study, cases=cases, artifacts=artifacts)


@pytest.fixture(name="probed")
def probed_fixture(seen, carried_out):
    return partial(_probed, carried_out, seen)


@pytest.fixture(name="probe")
def probe_fixture(probed):
    return lambda parts, folder: {one.id: one.estimate for one in probed(parts, folder)}


def _probed(carried_out, seen, parts, folder):
    point = SimpleNamespace(resolve=lambda: OperatingPoint("default", 0.0, "fixed", ""))
    config = SimpleNamespace(
        seed=3,
        explain=SimpleNamespace(shortcuts=60),
        detector=SimpleNamespace(operating_points=(point,)),
    )
    rows = [
        SimpleNamespace(case_id=one.case_id, label=one.label, groups=one.groups, sampled=True,
                        logit=0.0)
        for one in seen.study.cases
    ]  # fmt: skip
    plan = SimpleNamespace(study=seen.study, config=config)
    by_image = {seen.cases[name].image.tobytes(): part for name, part in parts.items()}
    engine = SimpleNamespace(
        detector=SimpleNamespace(input=SPEC), evaluator=Decides(by_image), explainers=()
    )
    results = SimpleNamespace(cases=rows, maps=())
    found = carried_out(Interventions, (plan, engine), results, folder)
    patients = {one.case_id: one.patient for one in seen.study.cases}
    return tuple(shortcut_findings(found, patients, StatisticsConfig(draws=400), 1, "patient"))


def test_a_detector_that_decides_by_the_lesion_is_cleared(seen, probe, tmp_path):
    parts = {name: case.lesion_mask for name, case in seen.cases.items()}
    found = probe(parts, tmp_path)
    assert found["lesion_specific_effect"].low > 2
    assert found["lesion_flip"].value > 0.9
    assert found["lesion_advantage[removed=marker]"].low > 2
    assert found["lesion_first"].value == 1
    # All alike is no certainty: so many patients bound the share.
    assert 0.5 < found["lesion_first"].low < 1
    assert found["artifact_excess[removed=marker]"].high <= 0


def test_a_detector_that_decides_by_the_marker_is_found(seen, probe, tmp_path):
    parts = {name: one.get("marker", np.zeros(1, dtype=bool)) for name, one in
             seen.artifacts.items()}  # fmt: skip
    found = probe(parts, tmp_path)
    assert found["artifact_excess[removed=marker]"].low > 2
    assert found["other_flip[removed=marker]"].value > 0.9
    assert found["lesion_specific_effect"].low <= 0 <= found["lesion_specific_effect"].high
    assert found["lesion_advantage[removed=marker]"].high < -2
    assert found["lesion_first"].value < 0.2


RULES = {"fracture-decides", "nothing-else-decides"}


def outcomes(findings, pack):
    """What the rules of a pack on interventions say of these findings."""
    policy = read_policy(Path(f"pack:{pack}"))
    detector = SimpleNamespace(operating_points=(), format="network")
    there = SimpleNamespace(findings=findings, methods=(), metrics=(), detector=detector)
    rules = [rule for rule in policy.rules if rule.id in RULES]
    assert {rule.id for rule in rules} == RULES
    return [one for rule in rules for one in outcomes_of(rule, there, None)]


@pytest.mark.heavy
@pytest.mark.parametrize("pack", ["release", "regulatory"])
def test_packs_pass_the_lesion_and_never_the_marker(seen, probed, tmp_path, pack):
    lesions = {name: case.lesion_mask for name, case in seen.cases.items()}
    (tmp_path / "sound").mkdir()
    sound = outcomes(enough(probed(lesions, tmp_path / "sound")), pack)
    assert {one.verdict for one in sound} == {"pass"}
    assert {one.scope["removed"] for one in sound if one.scope} == {"marker", "border"}
    markers = {name: one.get("marker", np.zeros(1, dtype=bool)) for name, one in
               seen.artifacts.items()}  # fmt: skip
    (tmp_path / "marker").mkdir()
    found = outcomes(enough(probed(markers, tmp_path / "marker")), pack)
    by_thing = {one.scope.get("removed", ""): one.verdict for one in found}
    assert by_thing["marker"] == "fail"
    assert by_thing[""] != "pass"
    # Nothing was erased, or nothing moved at all: not passed either.
    assert {one.verdict for one in outcomes((), pack)} == {"inconclusive"}
    (tmp_path / "dead").mkdir()
    dead = outcomes(enough(probed({}, tmp_path / "dead")), pack)
    assert "pass" not in {one.verdict for one in dead}


def enough(findings):
    """As if every thing had been probed in enough cases for a verdict."""
    return tuple(replace(one, estimate=replace(one.estimate, caution=None)) for one in findings)


def row(case_id, metric, value, level=""):
    return ProbeRow(case_id, "", metric, "removed" if level else "", level, value, None)


def test_an_artifact_of_normal_cases_alone_is_set_against_the_lesions_of_others():
    rows = [row(f"ill{n}", "lesion_specific_effect", 1.0 + n % 2) for n in range(30)]
    for n in range(30):
        rows.append(row(f"well{n}", "other_effect", 4.0 + n % 2, "cast"))
        rows.append(row(f"well{n}", "artifact_excess", 3.0 + n % 2, "cast"))
    patients = {one.case_id: one.case_id for one in rows}
    found = {
        one.id: one.estimate
        for one in shortcut_findings(rows, patients, StatisticsConfig(draws=400), 1, "patient")
    }
    cast = found["lesion_advantage[removed=cast]"]
    assert cast.value == pytest.approx(1.5 - 3.5)
    # Two independent means: their variances add up.
    width = 2 * 2.0 * np.sqrt(2 * 0.25 / 30)
    assert cast.high - cast.low == pytest.approx(width, rel=0.2)
    assert (cast.n, cast.clusters, cast.caution) == (60, 60, None)
    rare = {
        one.id: one.estimate
        for one in shortcut_findings(rows[:30] + rows[30:40], patients, StatisticsConfig(), 1, "p")
    }
    assert "5 cases" in rare["lesion_advantage[removed=cast]"].undefined
    none = shortcut_findings(rows[30:], patients, StatisticsConfig(), 1, "patient")
    assert "no case with a lesion" in {one.id: one.estimate for one in none}[
        "lesion_advantage[removed=cast]"].undefined  # fmt: skip


def test_rows_are_kept_and_taken_up(seen, probe, tmp_path):
    first = probe({}, tmp_path)
    rows = read_table(tmp_path / "shortcuts.parquet", ProbeRow)
    assert {row.case_id for row in rows} <= set(seen.cases)
    # Other parts change nothing: what is there is read.
    parts = {name: case.lesion_mask for name, case in seen.cases.items()}
    assert probe(parts, tmp_path) == first


def test_an_audit_says_what_decides(finished):
    findings = read_findings(finished)
    assert findings.find("lesion_effect") is not None
    assert findings.find("artifact_enrichment", method="gradcam", removed="marker") is not None
    columns = {one.scope["group"] for one in findings.findings if one.metric == "association_p"}
    assert columns == {"sex", "body_part", "site"}
    for one in findings.findings:
        if one.metric == "association_p":
            assert 0 < one.estimate.low <= one.estimate.value <= one.estimate.high <= 1


def test_maps_of_normal_cases_are_told_apart():
    rows = [
        ProbeRow(f"c{n}", "gradcam", "artifact_enrichment", "removed", "marker", 1.0 + n % 2, None)
        for n in range(40)
    ]
    patients = {f"c{n}": f"p{n}" for n in range(40)}
    normal = {f"c{n}" for n in range(1, 40, 2)}
    found = {
        one.id: one.estimate
        for one in shortcut_findings(rows, patients, StatisticsConfig(draws=200), 1, "patient",
                                     normal)
    }  # fmt: skip
    assert found["artifact_enrichment[method=gradcam,removed=marker]"].value == 1.5
    apart = found["artifact_enrichment[label=normal,method=gradcam,removed=marker]"]
    assert (apart.value, apart.n) == (2.0, 20)
