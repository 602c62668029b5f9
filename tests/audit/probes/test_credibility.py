import hashlib
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from xaudit.audit.config.explain_config import ChecksConfig
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.maps.credibility import credibility_findings
from xaudit.audit.plan.metrics import all_metrics
from xaudit.audit.probes import check_stages, runner
from xaudit.audit.probes.checks import complete_rows
from xaudit.audit.scores.probe_tables import OURS
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.store import MapRow, ProbeRow, read_table, write_table
from xaudit.core.attribution import Residual
from xaudit.errors import ConfigError, DetectorError
from xaudit.explain.numerics.residuals import COMPLETENESS, STANDARD_ERROR
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.pipeline.conduct import run_audit

METHODS = {
    "gradcam": {}, "lime": {"samples": 40, "segments": 16}, "guided_backprop": {}, "deeplift": {},
}  # fmt: skip
CHECKS = {
    "cases": 4, "cascade": 2, "independent": 1, "disturbances": ["noise", "rotate_left"],
    "smooth": 3, "shuffled_labels": "shuffled.safetensors", "retrained": ["again.safetensors"],
}  # fmt: skip


def _run(base, text, out):
    config = yaml.safe_load(text)
    del config["policy"]
    config["explain"] |= {"methods": METHODS, "checks": CHECKS}
    (base / "audit.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return run_audit(base / "audit.yaml", base / out, Overrides(), None, lambda step: None)


def _save_others(base):
    """The same weights once more, and weights that no training on these labels gives."""
    weights = load_file(REFERENCE_WEIGHTS)
    save_file(weights, base / "again.safetensors")
    upside_down = {key: value.flip(0).contiguous() if value.ndim else value
                   for key, value in weights.items()}  # fmt: skip
    save_file(upside_down, base / "shuffled.safetensors")


def _digest(module):
    digest = hashlib.sha256()
    for key, value in module.state_dict().items():
        digest.update(key.encode() + value.numpy().tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def checked(phantom_folder, audit_text, tmp_path_factory):
    """An audit with checks, and what was seen of the detector around them."""
    base = tmp_path_factory.mktemp("checked")
    shutil.copytree(phantom_folder / "study", base / "study")
    shutil.copyfile(REFERENCE_WEIGHTS, base / "weights.safetensors")
    _save_others(base)
    digests, check = [], runner.carry_out
    drawn, draw = [], check_stages.randomized

    def watched(one, parts, *rest):
        digests.append(_digest(parts[0].engine.detector.module))
        rows = check(one, parts, *rest)
        digests.append(_digest(parts[0].engine.detector.module))
        return rows

    def noted(detector, layers, seed):
        drawn.append((frozenset(layers), seed))
        return draw(detector, layers, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "carry_out", watched)
        patch.setattr(check_stages, "randomized", noted)
        _run(base, audit_text, "out")
    return SimpleNamespace(base=base, text=audit_text, digests=digests, drawn=drawn)


def test_the_detector_is_given_back_as_it_was(checked):
    # Before and behind each probe.
    assert len(checked.digests) == 2 * len(OURS)
    assert len(set(checked.digests)) == 1


def test_every_case_has_a_randomized_copy_of_its_own(checked):
    # Three steps of layers, each drawn for four cases; smooth maps use the last once more.
    by_layers = {}
    for layers, seed in checked.drawn:
        by_layers.setdefault(layers, []).append(seed)
    counts = sorted(len(seeds) for seeds in by_layers.values())
    assert counts == [4, 4, 8]
    assert all(len(set(seeds)) == 4 for seeds in by_layers.values())
    # A case keeps its draw from step to step: more layers change, not the luck of the rest.
    assert len({frozenset(seeds) for seeds in by_layers.values()}) == 1


@pytest.mark.parametrize("subsets", [1, 15])
def test_a_handful_of_subsets_is_refused(subsets):
    with pytest.raises(ValidationError, match="at least 16, or 0"):
        ChecksConfig(subsets=subsets)
    assert [ChecksConfig(subsets=one).subsets for one in (0, 16)] == [0, 16]


def test_every_method_has_a_verdict_with_reasons(checked):
    verdicts = {one.method: one for one in read_findings(checked.base / "out").explanations}
    assert sorted(verdicts) == sorted(METHODS)
    for one in verdicts.values():
        # Four cases are few: nothing may be believed without caution.
        assert one.verdict in {"with_caution", "not_shown"}
        assert len(one.reasons) >= 6


def test_every_check_has_findings_with_facts_and_intervals(checked):
    findings = read_findings(checked.base / "out")
    known = {facts.name for facts in all_metrics()}
    seen = {one.metric for one in findings.findings}
    families = {"faithfulness", "randomization", "stability", "readability"}
    expected = {facts.name for facts in all_metrics() if facts.family in families}
    assert expected <= seen <= known | {name for name in seen if name.endswith("_gap")}
    layers = {
        one.scope["layers"] for one in findings.findings if one.metric == "randomization_ssim"
    }
    assert "all" in layers
    assert "top 1/2" in layers
    assert len(layers) == 3
    whole = findings.find("randomization_similarity", method="lime", layers="all").estimate
    assert whole.n == 4
    assert whole.low <= whole.value <= whole.high
    assert findings.find("readable_map", method="lime").estimate.value == 1
    assert findings.find("complete_map", method="lime") is None


def test_the_same_weights_again_have_the_same_maps_and_others_do_not(checked):
    findings = read_findings(checked.base / "out")
    for method in ("gradcam", "guided_backprop"):
        again = findings.find("reproducibility", method=method).estimate
        assert again.value == pytest.approx(1)
        assert findings.find("label_randomization_similarity", method=method).estimate.value < 1
    assert findings.find("reproducibility", method="lime", detector="again.safetensors") is not None
    (verdict,) = (one for one in findings.explanations if one.method == "gradcam")
    assert any("retrained" in reason for reason in verdict.reasons)
    assert any("shuffled labels" in reason for reason in verdict.reasons)


def test_weights_of_other_detectors_are_named_when_they_do_not_load(checked, tmp_path):
    base = tmp_path
    shutil.copytree(checked.base / "study", base / "study")
    for name in ("weights", "again"):
        shutil.copyfile(REFERENCE_WEIGHTS, base / f"{name}.safetensors")
    with pytest.raises(ConfigError, match=r"shuffled\.safetensors: .* see explain\.checks"):
        _run(base, checked.text, "out")
    save_file({"nothing": load_file(REFERENCE_WEIGHTS).popitem()[1]}, base / "shuffled.safetensors")
    with pytest.raises(DetectorError, match=r"explain\.checks, shuffled\.safetensors"):
        _run(base, checked.text, "out")


def test_rows_are_one_for_each_case_and_check(checked):
    rows = read_table(checked.base / "out" / "checks.parquet", ProbeRow)
    keys = [(row.case_id, row.method, row.metric, row.facet, row.level) for row in rows]
    assert len(set(keys)) == len(keys)
    assert len({row.case_id for row in rows}) == 4
    assert all((row.value is None) != (row.undefined is None) for row in rows)
    # A method without random numbers repeats itself.
    repeated = [
        row.value for row in rows if (row.method, row.metric) == ("gradcam", "repeatability")
    ]
    assert repeated == pytest.approx([1.0] * 4)
    lime = [row.value for row in rows if (row.method, row.metric) == ("lime", "repeatability")]
    assert max(lime) < 1


def test_maps_that_do_not_add_up_are_not_believed(checked):
    """The reference detector pools by a logarithm of exponentials, for which there is no rule."""
    findings = read_findings(checked.base / "out")
    estimate = findings.find("complete_map", method="deeplift").estimate
    assert (estimate.value, estimate.n) == (0, 4)
    (facts,) = (one for one in findings.methods if one.name == "deeplift")
    assert facts.residual == COMPLETENESS
    assert facts.residual_median > facts.params["tolerance"]
    (one,) = (one for one in findings.explanations if one.method == "deeplift")
    assert one.verdict == "not_shown"
    assert any("Maps that add up to the change of the logit: 0.00" in said for said in one.reasons)


def test_maps_that_do_not_add_up_are_counted():
    gaps = {"a": 0.01, "b": 0.3, "c": None, "d": 0.0}
    rows = [
        MapRow(
            case, "deeplift", {},
            residual=Residual(COMPLETENESS, gap, 0.05, None if gap is not None else "no change"),
        )
        for case, gap in gaps.items()
    ]  # fmt: skip
    other = MapRow("a", "lime", {}, residual=Residual(STANDARD_ERROR, 0.9, 0.25))
    results = SimpleNamespace(maps=[*rows, other, MapRow("a", "gradcam", {})])
    found = complete_rows(results, ("a", "b", "c"))
    assert [(one.case_id, one.method, one.metric, one.value, one.undefined) for one in found] == [
        ("a", "deeplift", "complete_map", 1.0, None),
        ("b", "deeplift", "complete_map", 0.0, None),
        ("c", "deeplift", "complete_map", None, "no change"),
    ]


def test_checks_are_switched_off_by_one_switch(finished):
    findings = read_findings(finished)
    assert findings.explanations == ()
    assert not any("randomization" in one.metric for one in findings.findings)
    assert not (finished / "checks.parquet").exists()


def _row(case, value, level="", metric="symmetric_relevance_gain", undefined=None):
    return ProbeRow(case, "m", metric, "baseline" if level else "", level, value, undefined)


def _findings(rows):
    patients = {row.case_id: row.case_id[0] for row in rows}
    found = credibility_findings(rows, patients, StatisticsConfig(draws=400), 1, "patient")
    return {one.id: one.estimate for one in found}


def test_means_are_over_cases_and_patients_are_drawn():
    rng = np.random.default_rng(0)
    cases = [f"{patient}{image}" for patient in "abcdef" for image in "12"]
    values = {(case, level): float(rng.normal()) for case in cases for level in ("blur", "road")}
    found = _findings([_row(case, value, level) for (case, level), value in values.items()])
    blur = [value for (_, level), value in values.items() if level == "blur"]
    one = found["symmetric_relevance_gain[baseline=blur,method=m]"]
    assert (one.value, one.n, one.clusters) == (pytest.approx(np.mean(blur)), 12, 6)
    pooled = found["symmetric_relevance_gain[method=m]"]
    assert pooled.value == pytest.approx(np.mean(list(values.values())))
    assert (pooled.n, pooled.clusters) == (12, 6)
    assert found["image_reliability[method=m]"].n == 12


def test_a_check_without_values_says_why():
    rows = [_row(case, None, "blur", undefined="the map is constant") for case in ("a1", "b1")]
    found = _findings(rows)
    assert len(found) == 4
    for one in found.values():
        assert one.value is None
    assert "the map is constant" in found["symmetric_relevance_gain[method=m]"].undefined


def test_rows_survive_the_disk(tmp_path):
    rows = [_row("a1", 0.5, "blur"), _row("a2", None, undefined="why")]
    write_table(tmp_path / "checks.parquet", rows, ProbeRow)
    assert read_table(tmp_path / "checks.parquet", ProbeRow) == rows
    assert [path.name for path in tmp_path.iterdir()] == ["checks.parquet"]
