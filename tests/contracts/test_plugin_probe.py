"""The package of docs/how-to/add-a-probe.md, installed and used by an ordinary audit."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
import yaml

pytestmark = pytest.mark.heavy  # installs a package and audits with it

STUDY = {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]}
POLICY = {
    "name": "of a package",
    "rules": [
        {"id": "mirror", "metric": "mirror_shift", "ceiling": 0.0, "reason": "a bound of no use"},
    ],
}


def test_a_probe_of_a_package_is_computed_stored_judged_printed_and_verified(
    install, xaudit_of, drawn_study, short_audit, tmp_path
):
    installed = install("add-a-probe.md", "mirror.py", "mirror_shift.py")
    folder = shutil.copytree(drawn_study, tmp_path / "audit")
    content = short_audit | {"data": STUDY, "policy": "policy.yaml"}
    content |= {"probes": {"mirrored": {"case": 20}}}
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    file, out = folder / "audit.yaml", folder / "out"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    said = xaudit_of(installed, "run", file, "--out", out, code=2)
    assert "probes.mirrored.case: no such parameter; there is: cases" in said
    content["probes"] = {"mirrored": {"cases": 60}}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    xaudit_of(installed, "run", file, "--out", out)
    rows = pq.read_table(out / "probe-mirrored.parquet").to_pylist()
    assert len(rows) == 60
    findings = json.loads((out / "findings.json").read_text("utf-8"))["findings"]
    (found,) = (one["estimate"] for one in findings if one["metric"] == "mirror_shift")
    assert found["value"] == pytest.approx(sum(row["value"] for row in rows) / 60)
    assert found["low"] > 0
    assert "fail: policy of a package" in xaudit_of(installed, "gate", out, code=1)
    xaudit_of(installed, "card", out)
    assert "Measured by the package mirror_shift" in (out / "card.html").read_text("utf-8")
    xaudit_of(installed, "verify", out)
    (out / "probe-mirrored.parquet").write_bytes(b"")
    assert "probe-mirrored.parquet" in xaudit_of(installed, "verify", out, code=1)
