"""The template's script in a scratch repository, with the variables of its page."""

import pytest
import yaml
from pages import ROOT, blocks

JOB = yaml.safe_load((ROOT / "integrations" / "xaudit.gitlab-ci.yml").read_text("utf-8"))[
    ".xaudit-gate"
]


@pytest.fixture
def job(shell):
    def run(**variables):
        script = "\n".join(JOB["script"])
        return shell(script, **(JOB["variables"] | {"XAUDIT_INSTALL": ""} | variables))

    return run


def test_job_of_the_page(job, repository):
    (block,) = blocks("gate-in-gitlab.md", "yaml")
    variables = yaml.safe_load(block)["gate"]["variables"]
    assert set(variables) <= set(JOB["variables"])
    result = job(**variables)
    assert result.returncode == 0, result.stderr
    for path in (*JOB["artifacts"]["paths"], JOB["artifacts"]["reports"]["junit"]):
        assert (repository / path).exists(), path


def test_job_fails_with_the_exit_code_of_the_gate(job, repository):
    assert job(XAUDIT_AUDIT="nowhere").returncode == 2
    assert job(XAUDIT_POLICY="pack:release", XAUDIT_LEDGER="uses.jsonl").returncode == 1
    assert (repository / "uses.jsonl").exists()
