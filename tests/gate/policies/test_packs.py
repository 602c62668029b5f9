"""The packs on a sound detector and on ones with a planted defect, and their page."""

import re
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from xaudit.audit.config.read_config import Overrides
from xaudit.compare.baseline import PairedBaseline
from xaudit.compare.same_cases import SavedAudit
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import ExplanationVerdict, Finding
from xaudit.errors import ConfigError
from xaudit.gate.judging.verdict import judge
from xaudit.gate.policies.packs import pack_names
from xaudit.gate.policies.policy import read_policy
from xaudit.gate.policies.unknown_names import refuse_unknown_names
from xaudit.pipeline.predictions import run_predictions

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "packs.md"
PACKS = [Path(f"pack:{name}") for name in ("ci-fast", "release", "regulatory")]
DRAWING = [Path(f"pack:{name}") for name in ("detection", "segmentation")]
CASES = 2000
INTERVENTIONS = ("lesion_specific_effect", "lesion_advantage")
CONFIG = """\
name: {name}
seed: 3
data:
  table: {name}.csv
  columns: {{id: id, label: label, score: score, site: site}}
  no_prediction: {{column: predicted, values: ["0"]}}
  groups: {{sex: {{column: sex}}}}
detector:
  format: predictions
  name: {name}
  version: "1"
  score: logit
  operating_points: [{{name: default, logit: 0.0, origin: fixed}}]
statistics: {{prevalence: 0.3, draws: 200}}
"""


def write(folder, name, gain=1.6, lost=0.0, blind=None):
    """Scores of a calibrated detector; ``blind`` is a site where it guesses."""
    rng = np.random.default_rng(1)
    truth, site = rng.random(CASES) < 0.5, rng.integers(5, size=CASES)
    sex, fresh = rng.random(CASES) < 0.5, np.random.default_rng(crc32(name.encode()))
    score = 2 * gain**2 * (truth - 0.5) * 2 + 2 * gain * rng.normal(0, 1, CASES)
    score += fresh.normal(0, 0.02, CASES)
    if blind is not None:
        score[site == blind] = fresh.normal(0, 2, int((site == blind).sum()))
    missing = rng.random(CASES) < lost
    lines = ["id,label,score,predicted,site,sex"]
    lines += [
        f"c{n},{int(truth[n])},{score[n]:.6f},{int(not missing[n])},s{site[n]},{'FM'[int(sex[n])]}"
        for n in range(CASES)
    ]
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = folder / f"{name}.yaml"
    config.write_text(CONFIG.format(name=name), encoding="utf-8")
    run_predictions(config, folder / f"{name}-out", Overrides(), None)
    return with_maps(SavedAudit.read(folder / f"{name}-out"))


def with_maps(audit, enrichment=4.0, verdict="may_be_believed", lesion=3.0, marks=0.1):
    """The audit as if maps had been made: what explains needs a network and minutes.

    Erasing lowers the logit by ``lesion`` and ``marks``; None for never erased.
    """
    scope = {"method": "gradcam", "analysis": "scored"}
    estimate = Estimate(enrichment, enrichment - 0.5, enrichment + 0.5, "patient bootstrap")
    kept = [one for one in audit.findings.findings if one.metric not in INTERVENTIONS]
    if lesion is not None:
        pairs = (("lesion_specific_effect", {}, lesion),
                 ("lesion_advantage", {"removed": "border"}, lesion),
                 ("lesion_advantage", {"removed": "marks"}, lesion - marks))  # fmt: skip
        kept += [
            Finding(name, where, Estimate(value, value - 0.2, value + 0.2, "patient bootstrap",
                                          n=60, clusters=60))
            for name, where, value in pairs
        ]  # fmt: skip
    flow = replace(audit.findings.accountability, sampled=60, explained=60)
    findings = replace(
        audit.findings,
        accountability=flow,
        findings=(*kept, Finding("enrichment", scope, estimate)),
        explanations=(ExplanationVerdict("gradcam", verdict, ("because",)),),
    )
    return replace(audit, findings=findings)


@pytest.fixture(scope="module")
def audits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    sound = write(folder, "sound")
    return {
        "sound": sound,
        "last": write(folder, "last"),
        "weak": write(folder, "weak", gain=0.4),
        "losing": write(folder, "losing", lost=0.04),
        "blind at one site": write(folder, "blind", blind=2),
        "maps of nothing": with_maps(sound, 1.0, "not_shown"),
        "the mark decides": with_maps(sound, 2.2, lesion=0.01, marks=4.1),
        "never erased": with_maps(sound, lesion=None),
    }


def verdict(pack, audits, name):
    policy, audit = read_policy(pack), audits[name]
    baseline = PairedBaseline(audit, audits["last"])
    return judge(policy, audit.findings, policy.sha256, baseline=baseline)


@pytest.mark.parametrize("pack", PACKS, ids=str)
def test_sound_detector_passes(audits, pack):
    found = verdict(pack, audits, "sound")
    rest = [(one.rule.id, dict(one.scope), one.why) for one in found.outcomes
            if one.verdict != "pass"]  # fmt: skip
    assert found.overall == "pass", rest


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("weak", {"ci-fast": "auc", "release": "auc-not-worse", "regulatory": "auc-not-worse"}),
        ("losing", dict.fromkeys(("ci-fast", "release", "regulatory"), "failed-cases")),
        (
            "blind at one site",
            {"release": "nobody-far-behind", "regulatory": "sensitivity-of-every-group"},
        ),
        (
            "maps of nothing",
            dict.fromkeys(("release", "regulatory"), "maps-mean-something"),
        ),
        (
            "the mark decides",
            dict.fromkeys(("release", "regulatory"), "nothing-else-decides"),
        ),
    ],
)
def test_planted_defect_fails(audits, name, rules):
    for pack, rule in rules.items():
        found = verdict(Path(f"pack:{pack}"), audits, name)
        assert found.overall == "fail", pack
        assert rule in {one.rule.id for one in found.outcomes if one.verdict == "fail"}, pack


def test_only_interventions_find_the_mark(audits):
    """Performance, maps that favor the lesion 2.2 times, and checks of maps: all are content."""
    for pack in PACKS[1:]:
        found = verdict(pack, audits, "the mark decides")
        words = {one.rule.id: one.verdict for one in found.outcomes
                 if one.scope.get("removed") != "border" and one.verdict != "pass"}  # fmt: skip
        assert words == {"fracture-decides": "inconclusive", "nothing-else-decides": "fail"}


@pytest.mark.parametrize("pack", PACKS[1:], ids=str)
def test_what_was_never_erased_is_never_passed(audits, pack):
    found = verdict(pack, audits, "never erased")
    words = {one.rule.id for one in found.outcomes if one.verdict == "inconclusive"}
    assert (found.overall, words) == (
        "inconclusive",
        {"fracture-decides", "nothing-else-decides"},
    )


def test_every_name_in_a_pack_exists(audits):
    from xaudit.audit.plan.metrics import all_metrics

    names = [one.name for one in all_metrics()]
    for pack in (*PACKS, *DRAWING):
        refuse_unknown_names(read_policy(pack), audits["sound"].findings, lambda: names)


def test_first_release_is_undecided_not_passed(audits):
    policy = read_policy(Path("pack:release"))
    found = judge(policy, audits["sound"].findings, policy.sha256)
    words = {one.rule.id for one in found.outcomes if one.verdict == "inconclusive"}
    assert words == {"auc-not-worse", "sensitivity-not-worse", "specificity-not-worse"}


@pytest.mark.parametrize("pack", [*PACKS, *DRAWING], ids=str)
def test_every_rule_of_a_pack_is_on_its_page_with_its_reason(pack):
    page = PAGE.read_text(encoding="utf-8")
    section = re.split(r"^## ", page, flags=re.MULTILINE)
    (text,) = [one for one in section if one.startswith(f"`{pack}`")]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    wanted = [
        f"| `{rule.id}` | {rule.metric} {rule.demand} | {rule.reason} |"
        for rule in read_policy(pack).rules
    ]
    assert rows == wanted


def test_packs_are_named_and_misspelled_ones_refused():
    assert pack_names() == ("ci-fast", "detection", "regulatory", "release", "segmentation")
    with pytest.raises(ConfigError, match="did you mean 'release'"):
        read_policy(Path("pack:relase"))


def test_policy_extends_a_pack(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(
        "name: ours\n"
        "extends: pack:regulatory\n"
        "rules:\n"
        "  - {id: auc, metric: auc, floor: 0.9}\n"
        "  - {id: npv, metric: npv, floor: 0.9}\n"
        "waivers:\n"
        "  - {rule: groups-alike, where: {}, reason: r, owner: o, expires: 2999-01-01}\n",
        encoding="utf-8",
    )
    policy, pack = read_policy(path), read_policy(Path("pack:regulatory"))
    assert [one.id for one in policy.rules] == [*(one.id for one in pack.rules), "npv"]
    by_id = {one.id: one for one in policy.rules}
    assert (by_id["auc"].floor, by_id["auc"].line) == (0.9, 4)
    assert by_id["sensitivity"].line == 2
    assert policy.multiplicity == "holm"
    assert policy.sha256 != pack.sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: p\nextends: other.yaml\n", "expected pack:NAME"),
        ("name: p\n", "at least one rule"),
        ("name: p\nextends: pack:relase\n", "did you mean 'release'"),
        (
            "name: p\nextends: pack:release\nrules: [{id: a, metric: auc, ceiling: 0.5}]\n",
            "no detector can meet both",
        ),
    ],
)
def test_wrong_extension_is_refused(tmp_path, text, message):
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_policy(path)
