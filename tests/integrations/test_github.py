"""The steps of the action, as its file has them, in a scratch repository."""

import json
import re

import pytest
import yaml
from pages import ROOT, blocks

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
INPUT = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


def given(**values):
    return {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | values


def filled(step, inputs):
    return {name: INPUT.sub(lambda found: inputs[found[1]], text)
            for name, text in step["env"].items()}  # fmt: skip


@pytest.fixture
def act(shell, repository):
    """Run the steps that a runner would; the last result and what was written for the page."""

    def run(**values):
        inputs = given(**values)
        files = {name: repository / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        names = ["Audit", "Gate"] if inputs["config"] else ["Gate"]
        for name in names:
            step = STEPS[name]
            variables = filled(step, inputs) | {key: str(one) for key, one in files.items()}
            result = shell(step["run"], RUNNER_TEMP=str(repository / "temp"), **variables)
            if result.returncode:
                break
        return result, {key: one.read_text("utf-8") for key, one in files.items()}

    return run


def test_no_input_is_part_of_a_script():
    for step in STEPS.values():
        assert "${{" not in step["run"], step["name"]
        assert step["shell"] == "bash"


def test_every_input_is_used_and_none_other():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])


def test_workflows_of_the_page_name_inputs_that_exist():
    found = 0
    for block in blocks("gate-in-github.md", "yaml"):
        content = yaml.safe_load(block)
        steps = content if isinstance(content, list) else content["jobs"]["gate"]["steps"]
        for step in steps:
            if step["uses"].startswith("OWNER/xaudit"):
                found += 1
                assert set(step["with"]) <= set(ACTION["inputs"])
    assert found == 2


@pytest.mark.heavy
def test_audit_is_run_and_passes(act, repository):
    result, page = act(config="audit.yaml", policy="policy.yaml", audit="reports/new")
    assert result.returncode == 0, result.stderr
    assert "verdict=pass" in page["GITHUB_OUTPUT"]
    assert "## xaudit: pass" in page["GITHUB_STEP_SUMMARY"]
    reports = re.search("reports=(.*)", page["GITHUB_OUTPUT"])[1]
    names = sorted(one.name for one in (repository / reports).iterdir())
    assert names == ["gate.json", "gate.md", "gate.sarif", "gate.xml"]


@pytest.mark.heavy
def test_policy_is_fixed_before_the_run_though_the_audit_file_names_none(act, repository):
    text = (repository / "audit.yaml").read_text("utf-8")
    bare = re.sub(r"(?m)^policy:.*\n", "", text)
    assert bare != text
    (repository / "audit.yaml").write_text(bare, encoding="utf-8")
    given = {"config": "audit.yaml", "policy": "policy.yaml", "profile": "ci"}
    result, page = act(**given, audit="reports/new")
    assert result.returncode == 0, result.stdout
    assert "verdict=pass" in page["GITHUB_OUTPUT"]


@pytest.mark.heavy
def test_failing_rule_fails_the_job_and_marks_its_line(act, repository):
    text = "name: hard\nrules:\n  - {id: auc, metric: auc, floor: 0.999}\n"
    (repository / "hard policy.yaml").write_text(text, encoding="utf-8")
    result, page = act(policy="hard policy.yaml", strict="false")
    assert result.returncode == 1
    assert "::error file=hard policy.yaml,line=3" in result.stdout
    assert "verdict=fail" in page["GITHUB_OUTPUT"]
    assert "## xaudit: fail" in page["GITHUB_STEP_SUMMARY"]


@pytest.mark.heavy
def test_strict_is_the_default(act, repository):
    text = "name: other\nrules:\n  - {id: auc, metric: auc, floor: 0.5}\n"
    (repository / "other.yaml").write_text(text, encoding="utf-8")
    assert act(policy="other.yaml")[0].returncode == 1
    assert act(policy="other.yaml", strict="false")[0].returncode == 0


@pytest.mark.heavy
def test_missing_audit_is_wrong_usage_and_leaves_no_old_verdict(act):
    assert act()[0].returncode == 0
    result, page = act(audit="reports/nowhere")
    assert result.returncode == 2
    assert "verdict" not in page["GITHUB_OUTPUT"]
    assert page["GITHUB_STEP_SUMMARY"] == ""


@pytest.mark.heavy
def test_input_is_never_a_command(act, repository):
    result, _page = act(policy="$(touch pwned); touch pwned; `touch pwned`")
    assert result.returncode == 2
    assert not list(repository.rglob("pwned"))


@pytest.mark.heavy
def test_baseline_and_ledger_are_handed_on(act, repository):
    act(config="audit.yaml", audit="reports/last")
    text = "name: against\nrules:\n  - {id: auc, metric: auc, non_inferior: 0.02}\n"
    (repository / "against.yaml").write_text(text, encoding="utf-8")
    first, _page = act(policy="against.yaml", strict="false")
    assert first.returncode == 4
    result, _page = act(
        policy="against.yaml", strict="false", baseline="reports/last", ledger="uses.jsonl"
    )
    assert result.returncode == 0, result.stdout
    (line,) = (repository / "uses.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["result"] == "pass"


def test_install_takes_the_checkout_of_the_action(shell, repository):
    tools = repository.parent / "pip"
    tools.mkdir()
    (tools / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    (tools / "python").chmod(0o755)
    script = f'PATH="{tools}:$PATH"\n' + STEPS["Install"]["run"]
    for extras, wanted in (("", "/a b"), ("run", "/a b[run]")):
        shown = shell(script, EXTRAS=extras, GITHUB_ACTION_PATH="/a b").stdout.splitlines()
        assert shown[-1] == wanted
        assert "/a b/constraints.txt" in shown
