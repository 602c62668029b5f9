"""An audit that nobody touched verifies; one changed digit, wherever it is, is found and named."""

import io
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from xaudit.audit.store.files import read_findings, read_json, to_json, write_text
from xaudit.audit.store.hashes import write_hashes
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.store import Store
from xaudit.compare.paired_audits import read_cases
from xaudit.errors import ConfigError
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.judge import judge_audit
from xaudit.verify.verify import findings_hash, verify_card, verify_folder
from xaudit.verify.verify_counts import plain_differences

HASHES, PLAN, ROWS, FINDINGS, COUNTS, MAPS = (
    "hashes of the files",
    "plan and policy",
    "per-case results",
    "findings, recomputed from them",
    "counts, rates and areas by plain counting",
    "maps, rendered again",
)


@pytest.fixture(scope="session")
def printed(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("printed") / "out"
    shutil.copytree(finished, folder)
    judge_audit(folder)
    write_cards(folder)
    return folder


@pytest.fixture
def audit(printed, tmp_path):
    shutil.copytree(printed, tmp_path / "audit")
    return tmp_path / "audit"


def differing(checks):
    return {check.name: check.differences for check in checks if check.differences}


def edit(path, old, new, count=1):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def test_what_nobody_touched_verifies(audit):
    checks = verify_folder(audit)
    assert differing(checks) == {}
    compared = {check.name for check in checks if not check.left_out}
    assert compared == {
        HASHES, PLAN, ROWS, FINDINGS, COUNTS, MAPS, "verdict", "card.html", "card.md",
    }  # fmt: skip
    assert differing(verify_card(audit / "card.html")) == {}
    assert findings_hash(audit) == findings_hash(audit / "card.html")


def test_one_digit_of_the_findings(audit):
    content = json.loads((audit / "findings.json").read_text("utf-8"))
    one = next(x for x in content["findings"] if x["metric"] == "sensitivity")
    one["estimate"]["k"] += 1
    write_text(audit / "findings.json", json.dumps(content))
    found = differing(verify_folder(audit))
    assert any("sensitivity[" in line and "k: " in line for line in found[FINDINGS])
    assert any("plain counting gives" in line for line in found[COUNTS])
    assert any(line.startswith("findings.json: SHA-256") for line in found[HASHES])
    assert any("sensitivity[" in line for line in found["card.html"])


def test_findings_and_their_hash_changed_together(audit):
    """Who also forges the hashes and prints a new card is found by the per-case results."""
    findings = read_findings(audit)
    area = next(one for one in findings.findings if one.metric == "auc")
    better = replace(area, estimate=replace(area.estimate, value=area.estimate.value + 0.001,
                                            high=1.0))  # fmt: skip
    changed = tuple(better if one is area else one for one in findings.findings)
    write_text(audit / "findings.json", to_json(replace(findings, findings=changed)))
    write_hashes(audit)
    judge_audit(audit)
    write_cards(audit)
    found = differing(verify_folder(audit))
    assert set(found) == {FINDINGS, COUNTS}
    assert len(found[FINDINGS]) == 2
    assert all(line.startswith(f"findings.json: findings: {area.id}: ") for line in found[FINDINGS])
    assert "all pairs give" in found[COUNTS][0]


@pytest.mark.parametrize("name", ["card.html", "card.md"])
def test_one_digit_of_a_table_of_the_card(audit, name):
    text = (audit / name).read_text("utf-8")
    cell = re.search(r"\d+ % \(\d+–\d+\)(?:</span>)?, \d+/\d+", text[text.index("(PPV)") :])[0]
    edit(audit / name, cell, cell.replace(cell[0], str((int(cell[0]) + 1) % 10), 1), -1)
    found = differing(verify_folder(audit))
    assert set(found) == {name}
    assert cell in found[name][0]
    if name == "card.html":
        alone = differing(verify_card(audit / name))
        assert cell in alone["printed numbers, style and script"][0]


def test_record_inside_of_the_card(audit):
    edit(audit / "card.html", '"plan_sha256":"', '"plan_sha256":"0')
    found = differing(verify_folder(audit))
    assert found["card.html"][0].startswith("twin: audit: plan_sha256: '0")
    assert differing(verify_card(audit / "card.html"))


def test_script_of_the_card(audit):
    edit(audit / "card.html", "<script>", "<script>fetch('/');")
    (line,) = differing(verify_card(audit / "card.html"))["printed numbers, style and script"]
    assert "fetch" in line


def test_one_score_of_a_shard(audit):
    store = Store(audit)
    shard = store.read(0)
    shard.arrays = dict(store.arrays(0))
    first = next(row for row in shard.cases if row.label)
    shard.cases = [
        replace(row, logit=-row.logit - 5 if row.logit > 0 else 5) if row is first else row
        for row in shard.cases
    ]
    store.write(0, shard)
    found = differing(verify_folder(audit))
    assert {HASHES, FINDINGS, COUNTS} <= set(found)
    assert any(line.startswith("shards/00000/cases.parquet") for line in found[HASHES])


def test_a_shard_that_is_gone_or_damaged(audit):
    path = audit / "shards" / "00000" / "cases.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    found = differing(verify_folder(audit))
    assert "damaged" in found[ROWS][0]
    shutil.rmtree(audit / "shards" / "00000")
    found = differing(verify_folder(audit))
    assert "shards/00000: not there" in found[ROWS][0]
    assert "damaged" in found[FINDINGS][0]


def test_one_pixel_of_a_map_and_of_a_radiograph(audit):
    case = next(one for one in read_findings(audit).gallery if one.maps)
    for name in (case.maps[0].picture, case.picture):
        path = audit / "evidence" / name
        pixels = np.array(Image.open(path))
        pixels[3, 4] = pixels[3, 4] ^ 255
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG")
        path.write_bytes(buffer.getvalue())
    found = differing(verify_folder(audit))
    assert found[MAPS] == (
        f"evidence/{case.maps[0].picture}: not the map of {case.maps[0].method} for {case.case_id}",
    )
    named = {line.split(":")[0] for line in found[HASHES]}
    assert named == {f"evidence/{case.maps[0].picture}", f"evidence/{case.picture}"}
    assert all("picture of" in line for line in found["card.html"])


def test_plan_and_policy(audit):
    edit(audit / "plan.json", '"seed": 5', '"seed": 6')
    found = differing(verify_folder(audit))
    assert "plan.json: its content has the hash" in found[PLAN][0]
    assert any("seed" in line for line in found[FINDINGS])


def test_policy_that_was_softened(audit):
    edit(audit / "plan.json", '"floor": 0.5', '"floor": 0.1')
    assert any("policy SHA-256" in line for line in differing(verify_folder(audit))[PLAN])


def test_verdict_that_was_turned(audit):
    edit(audit / "verdict.json", '"overall": "', '"overall": "fail')
    assert "verdict" in differing(verify_folder(audit))
    edit(audit / "verdict.json", '"overall": "fail', '"overall": "')
    other = {"pass": "fail", "fail": "pass", "inconclusive": "pass"}
    overall = json.loads((audit / "verdict.json").read_text("utf-8"))["overall"]
    edit(audit / "verdict.json", f'"overall": "{overall}"', f'"overall": "{other[overall]}"')
    assert differing(verify_folder(audit))["verdict"][0].startswith("verdict: overall: ")


def test_file_that_the_run_did_not_write(audit):
    (audit / "evidence" / "more.png").write_bytes(b"x")
    (audit / "hashes.json").write_text("{}", encoding="utf-8")
    found = differing(verify_folder(audit))
    assert "evidence/more.png: the run did not write it" in found[HASHES]


def test_weights(audit, phantom_folder, tmp_path):
    del phantom_folder
    other = tmp_path / "weights.safetensors"
    other.write_bytes(b"other")
    found = differing(verify_folder(audit, other))
    assert "weights.safetensors: SHA-256" in found["weights"][0]
    with pytest.raises(ConfigError, match="cannot be read"):
        verify_folder(audit, tmp_path / "none")


def test_plain_counting_agrees_with_every_number_of_the_audit(audit):
    """And is not idle: nearly all of the rates are looked at."""
    findings, rows = read_findings(audit), list(read_cases(audit).values())
    points = findings.detector.operating_points
    assert list(plain_differences(findings.findings, rows, points)) == []
    wrong = [
        replace(one, estimate=replace(one.estimate, n=one.estimate.n + 1))
        for one in findings.findings
        if one.metric in {"sensitivity", "specificity", "ppv", "npv", "accuracy"}
        and "compared" not in one.scope
    ]
    assert len(list(plain_differences(wrong, rows, points))) == len(wrong) > 40
    assert read_json(audit / "plan.json", PlanRecord).shards


def test_what_is_no_audit_is_the_users_mistake(tmp_path):
    with pytest.raises(ConfigError, match="expected a finished audit, or a card"):
        verify_folder(tmp_path)
    (tmp_path / "page.html").write_text("<html></html>", encoding="utf-8")
    with pytest.raises(ConfigError, match="no model card"):
        verify_card(tmp_path / "page.html")
