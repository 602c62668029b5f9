"""A cohort beside an audit: what differs is found, what is the same is not accused."""

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest

from xaudit.audit.config.read_config import Overrides
from xaudit.cohort.shift import compare_cohort
from xaudit.commands import main
from xaudit.compare.paired_audits import read_cases
from xaudit.core.estimate import Estimate
from xaudit.errors import ConfigError, DataError
from xaudit.report.changes.cohort import build_cohort
from xaudit.report.language.translation import speaking

PERFORMANCE = ("auc_gap", "sensitivity", "specificity", "ppv", "npv", "prevalence", "brier")
FILMS = 88
TIES = 0.5 / FILMS
"""Each film of a cohort meets itself once: batches of other sizes round otherwise, which breaks
such a tie to either side."""


def leaves_out_zero(estimate: Estimate) -> bool:
    return estimate.low > 0 or estimate.high < 0


@pytest.fixture
def few(scored_audit):
    """Every fourth case of the audit."""
    return set(list(read_cases(scored_audit / "out"))[::4])


def darker(gray):
    return 0.45 * gray


def beside(audit, path, **given):
    return compare_cohort(audit / "out", path, Overrides(**given))


def test_same_films_are_not_accused(scored_audit, hands):
    shift = beside(scored_audit, hands())
    assert (shift.cohort.study, shift.cohort.cases, shift.cohort.patients) == (
        "RSNA bone age", 88, 88,
    )  # fmt: skip
    assert (shift.audit.cases, shift.audit.patients) == (88, 40)
    assert (shift.also_in_audit, shift.unit) == (88, "image")
    assert shift.scores.value == pytest.approx(0, abs=TIES)
    assert shift.scores.unit == "image"
    estimates = [one.difference for one in (*shift.images, *shift.calls, *shift.groups)]
    assert len(estimates) == 11 + 1 + 2
    assert not any(map(leaves_out_zero, (shift.scores, *estimates)))
    text = json.dumps(asdict(shift), default=str)
    assert not any(name in text for name in PERFORMANCE)
    for parts in shift.tests.values():
        assert parts["auc_p"].value > 0.05
        assert parts["mmd_p"].value > 0.05
        assert "fracture" not in parts["auc_p"].method


def test_darker_films_are_found(scored_audit, hands):
    shift = beside(scored_audit, hands(darker))
    mean = next(one for one in shift.images if one.statistic == "mean")
    assert mean.difference.high < 0
    assert shift.tests["image_shift"]["auc_p"].value < 0.01
    assert shift.tests["feature_shift"]["auc_p"].value < 0.01
    assert shift.also_in_audit == 0


def test_scores_and_shares_are_those_of_a_slow_count(scored_audit, few, hands):
    """The same network reads the same films, so scores of the cohort are those of the audit."""
    shift = beside(scored_audit, hands(keep=few, groups=["sex"]))
    rows = read_cases(scored_audit / "out")
    mine, every = [rows[one] for one in sorted(few)], list(rows.values())
    above = [(a.logit > b.logit) + (a.logit == b.logit) / 2 for a in mine for b in every]
    assert shift.scores.value == pytest.approx(np.mean(above) - 0.5, abs=TIES)
    shares = [np.mean([row.logit > 0 for row in side]) for side in (mine, every)]
    assert [shift.calls[0].cohort.value, shift.calls[0].audit.value] == pytest.approx(shares)
    women = [np.mean([row.groups["sex"] == "F" for row in side]) for side in (mine, every)]
    found = {one.scope["level"]: one for one in shift.groups}["F"]
    assert [found.cohort.value, found.audit.value] == pytest.approx(women)
    assert found.difference.value == pytest.approx(women[0] - women[1])
    assert shift.columns_left_out == ("body_part", "site")
    with speaking("en"):
        told = build_cohort(shift)
    assert [text.partition(".")[0] for text in told.warnings] == [
        "Images of the cohort that the audit has too: 22"
    ]
    # Fewer than 30 patients: what is said of them is said with that caution.
    assert all("22 images on one side, 30 needed" in one.text for one in told.answers[1:])
    with speaking("de"):
        text = build_cohort(shift).answers[0].text
    assert "Frakturen sind in der Kohorte nicht bezeichnet" in text


def test_other_scores_are_found(scored_audit, hands):
    rows = read_cases(scored_audit / "out").values()
    shift = beside(scored_audit, hands(keep={row.case_id for row in rows if row.logit > 0}))
    assert shift.scores.low > 0
    assert shift.calls[0].cohort.value == 1.0
    assert shift.calls[0].difference.low > 0


def test_report_in_words(scored_audit, few, hands, tmp_path, capsys):
    path, out = hands(darker, few), tmp_path / "cohort.html"
    command = ["compare", str(scored_audit / "out"), "--cohort", str(path), "--out", str(out)]
    assert main(command) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Nothing follows on performance: fractures are not labeled" in printed
    assert "another mix of fractures shifts scores as well" in printed
    assert "Images of the cohort differ" in printed
    assert json.loads(out.with_suffix(".json").read_text("utf-8"))["cohort"]["cases"] == 22
    page = out.read_text("utf-8")
    assert "has the population shifted?" in page
    assert "Were patients dealt out again" in page
    assert str(tmp_path) not in page


def test_detector_has_to_be_the_one_that_was_audited(scored_audit, few, hands, tmp_path):
    path = hands(keep=few)
    weights = tmp_path / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ConfigError, match=r"SHA-256 .* audited was"):
        beside(scored_audit, path)
    weights.rename(tmp_path / "other.safetensors")
    # Those beside the audit are the right ones.
    assert beside(scored_audit, path).cohort.scored == 22
    with pytest.raises(ConfigError, match=r"SHA-256 .* audited was"):
        beside(scored_audit, path, weights=tmp_path / "other.safetensors")


def test_code_that_a_stranger_s_audit_names_is_not_run(scored_audit, few, hands, tmp_path):
    shutil.copytree(scored_audit / "out", tmp_path / "out")
    plan = tmp_path / "out/plan.json"
    text = plan.read_text("utf-8")
    assert "xaudit.models.reference:small_cnn" in text
    plan.write_text(text.replace("xaudit.models.reference:small_cnn", "strange_code:net"), "utf-8")
    path = hands(keep=few)
    with pytest.raises(ConfigError, match=r"plan\.json"):
        beside(tmp_path, path)
    with pytest.raises(ConfigError, match="--allow-code strange_code:net"):
        compare_cohort(tmp_path / "out", path, Overrides(), unverified=True)


def test_labels_are_refused_on_one_side_and_asked_for_on_the_other(scored_audit, hands, tmp_path):
    from tests.conftest import audit_text

    path = hands(options={})
    with pytest.raises(ConfigError, match="expected labels: none"):
        beside(scored_audit, path)
    path.write_text(path.read_text("utf-8").replace("{}", "{labels: none}\n  types: [kind]"))
    with pytest.raises(ConfigError, match=r"data\.types: means nothing in a cohort"):
        beside(scored_audit, path)
    data = {"format": "rsna_bone_age", "root": "rsna", "options": {"labels": "none"}}
    audit = tmp_path / "audit.yaml"
    (tmp_path / "policy.yaml").write_bytes((scored_audit / "policy.yaml").read_bytes())
    audit.write_text(audit_text(data=data), encoding="utf-8")
    from xaudit.pipeline.conduct import run_audit

    with pytest.raises((ConfigError, DataError), match="xaudit compare AUDIT --cohort"):
        run_audit(audit, tmp_path / "out", Overrides(), None, lambda step: None)
    assert not (tmp_path / "out" / "plan.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "expected a second audit, or --cohort FILE"),
        (["out", "--cohort", "cohort.yaml"], "expected a second audit, or --cohort FILE"),
        (["out", "--weights", "x"], "need --cohort"),
    ],
)
def test_command_says_what_it_needs(scored_audit, words, told, capsys):
    assert main(["compare", str(scored_audit / "out"), *words]) == 2
    assert told in " ".join("".join(capsys.readouterr()).split())


def test_films_that_cannot_be_read_are_counted_or_refused(scored_audit, few, hands):
    path = hands(keep=few)
    films = sorted((path.parent / "rsna/boneage-training-dataset").iterdir())
    films[0].write_bytes(b"no image")
    shift = beside(scored_audit, path)
    assert (shift.cohort.cases, shift.cohort.scored) == (22, 21)
    assert shift.issues == {"unreadable_file": 1}
    for film in films:
        film.write_bytes(b"no image")
    with pytest.raises(ConfigError, match="none of its images has a score"):
        beside(scored_audit, path)
