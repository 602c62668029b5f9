"""Whole audits of a service that dies, changes or keeps its word; on 127.0.0.1."""

import json
from collections import deque

import pytest
import yaml
from score_server import Behavior, serving

from xaudit.audit.config.read_config import Overrides
from xaudit.errors import ConfigError, DetectorLostError, ExitCode
from xaudit.models.remote import client
from xaudit.pipeline.conduct import run_audit
from xaudit.verify.verify import verify_folder

pytestmark = pytest.mark.heavy  # whole audits

CHEAP = {"lime": {"samples": 20, "segments": 8}}
LIMIT = (
    "The detector is not identified by a file: what answered is what the service or program was "
    "that day."
)


def score(planes):
    return planes[:, :, 60:160, 40:120].mean(axis=(2, 3)) * 2


@pytest.fixture
def behavior():
    return Behavior(score)


@pytest.fixture
def url(behavior):
    with serving(behavior) as address:
        yield address


@pytest.fixture
def audit(workspace, url, audit_text, monkeypatch):
    """Run it, with other arguments of the service where they are given."""
    monkeypatch.setenv("XAUDIT_TOKEN", "hush-hush")
    monkeypatch.setattr(client, "sleep", lambda seconds: None)
    content = yaml.safe_load(audit_text)
    detector = content["detector"]
    del detector["architecture"], detector["weights"]
    content["explain"] = content["explain"] | {"cases": 2, "shortcuts": 0, "methods": CHEAP}
    content["explain"] |= {"micro_batch": None}
    content["robustness"] = {"cases": 0}
    detector |= {"format": "http"}
    service = {"url": url, "protocol": "kserve_v2", "model": "fracture"}
    service |= {"headers_from": "Authorization=XAUDIT_TOKEN", "retries": 1}

    def run(allow=f"service:{url}", explained=2, **changes):
        detector["arguments"] = service | changes
        content["explain"]["cases"] = explained
        file = workspace / "audit.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        overrides = Overrides(allow_code=(allow,))
        return run_audit(file, workspace / "out", overrides, 40, lambda step: None)

    return run


def test_a_service_is_audited_and_nothing_secret_is_kept(audit, behavior, url, workspace):
    findings = audit()
    detector = findings.detector
    assert detector.weights_file is detector.weights_sha256 is detector.parameters is None
    assert detector.elsewhere == f"{url}/v2/models/fracture (kserve_v2)"
    assert detector.stated["platform"] == "numpy"
    assert LIMIT in detector.warnings
    assert not detector.own_code
    assert findings.provenance["images sent to"] == url
    assert "versions 1; platform numpy" in findings.provenance["service states"]
    assert not [name for name in findings.provenance if "weights" in name]
    plan = json.loads((workspace / "out" / "plan.json").read_text("utf-8"))
    assert plan["config"]["detector"]["weights"] is None
    assert set(plan["files"]) == {"study"}
    kept = [path for path in (workspace / "out").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"hush" in path.read_bytes()]
    assert any(one.get("Authorization") == "hush-hush" for one in behavior.headers)
    # As many images at once as the format states: nothing probes for more.
    assert max(behavior.asked) <= 32
    assert json.loads((workspace / "out" / "batches.json").read_text("utf-8")) == {"forward": 32}
    assert not [one for one in verify_folder(workspace / "out") if one.differences]


def begun(workspace):
    """Whether a shard is complete."""
    return any((workspace / "out").rglob("_DONE"))


def test_a_service_that_dies_ends_the_run_which_then_goes_on(audit, behavior, workspace):
    def dying(planes):
        if begun(workspace):
            behavior.next = deque(["404"] * 2)
        return score(planes)

    behavior.score = dying
    with pytest.raises(DetectorLostError, match="answers 404") as caught:
        audit(explained=0)
    assert caught.value.exit_code == ExitCode.AUDIT_FAILED
    assert begun(workspace)
    kept = next((workspace / "out").rglob("_DONE")).stat().st_mtime_ns
    behavior.score, behavior.next = score, deque()
    assert audit(explained=0).accountability.scored == 40
    assert next((workspace / "out").rglob("00000/_DONE")).stat().st_mtime_ns == kept


def test_a_version_that_changes_ends_the_run_which_does_not_go_on(audit, behavior, workspace):
    def changing(planes):
        behavior.version = "2" if begun(workspace) else "1"
        return score(planes)

    behavior.score = changing
    with pytest.raises(DetectorLostError, match="answered as version '1' and now as '2'"):
        audit(explained=0)
    behavior.score = score
    with pytest.raises(ConfigError, match=r"began with a detector that stated .*versions 1"):
        audit(explained=0)


def test_what_only_the_server_states_is_compared_at_the_end(audit, behavior, monkeypatch):
    from xaudit.models.remote.kserve import KServe

    told = iter([{"versions": "1"}, {"versions": "1, 2"}])
    monkeypatch.setattr(KServe, "stated", lambda self: next(told))
    with pytest.raises(DetectorLostError, match=r"versions 1 when the run began .* versions 1, 2"):
        audit(explained=0)


def test_nobody_allowed_it(audit, behavior, workspace):
    with pytest.raises(ConfigError, match=r"audit.yaml:\d+: detector.arguments: the images of"):
        audit(allow="service:http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="holds a user name") as caught:
        audit(url="http://me:hush@127.0.0.1:1/x")
    assert "hush" not in str(caught.value)
    with pytest.raises(ConfigError, match="allow it with --env TOKEN"):
        audit(headers_from="Authorization=TOKEN")
    assert not behavior.headers
    assert not (workspace / "out").exists()
