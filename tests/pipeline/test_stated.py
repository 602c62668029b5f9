"""What a maker states and which groups meet, from the files of an audit to its card."""

import pytest
import yaml

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings
from xaudit.errors import ConfigError
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit

DEVICE = """\
intended_use: Hands only.
claims:
  groups: {body_part: [forearm, hand]}
  sites: 2
missing_groups:
  age: {why: Not drawn.}
"""


@pytest.fixture
def run(workspace):
    def start(of):
        path = workspace / "audit.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["data"]["intersections"] = {"of": of}
        content["explain"] |= {"cases": 0, "methods": {"gradcam": {}}}
        content["robustness"] = {"cases": 0}
        content["device"] = "device.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        (workspace / "device.yaml").write_text(DEVICE, encoding="utf-8")
        run_audit(path, workspace / "out", Overrides(), None, lambda step: None)
        return workspace / "out"

    return start


def test_claims_and_intersections_reach_findings_and_card(run):
    folder = run(["body_part", "sex"])
    findings = read_findings(folder)
    assert findings.declared == {"intended_use": "Hands only."}
    assert {one.agreement for one in findings.claims} >= {"untested", "contradicted"}
    levels = findings.study.levels["body_part × sex"]
    assert sum(cases for cases, _ in levels.values()) == findings.study.cases
    by_level = [one for one in findings.findings if one.scope.get("group") == "body_part × sex"]
    assert {one.metric for one in by_level} >= {"sensitivity", "specificity"}
    page = write_cards(folder).read_text(encoding="utf-8")
    assert "never tested: Meant for body_part: forearm, hand." in page
    assert "body_part (down) × sex (across)" in page
    assert "Not drawn." in page


def test_unknown_column_of_an_intersection_is_named(run):
    with pytest.raises(ConfigError, match=r"no group \['vew'\]; there is: \['body_part', 'sex'"):
        run(["sex", "vew"])
