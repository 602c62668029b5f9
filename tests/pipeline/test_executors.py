"""An audit among processes: the findings of one alone, whoever is killed on the way."""

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.conftest import audit_text, fill_workspace
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings
from xaudit.errors import ConfigError
from xaudit.executors.processes import Processes
from xaudit.executors.ray_cluster import RayCluster
from xaudit.models.device import threads
from xaudit.pipeline.conduct import Host, run_audit

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def study(phantom_folder, once):
    """An audit file whose audit takes every stage, and that audit by one process alone."""

    def fill(folder):
        content = yaml.safe_load(audit_text())
        content["explain"]["checks"] = {"cases": 2, "cascade": 1, "smooth": 1, "repeats": 1}
        content["explain"]["shortcuts"] = 2
        content["robustness"] = {"cases": 4, "maps": 2, "corruptions": ["noise"]}
        fill_workspace(phantom_folder, folder)
        text = yaml.safe_dump(content, sort_keys=False)
        (folder / "audit.yaml").write_text(text, encoding="utf-8")
        with threads(1):
            _findings(folder / "audit.yaml", folder / "alone")

    return once("executors", fill)


@pytest.fixture
def config(study):
    return study / "audit.yaml"


@pytest.fixture
def alone(study):
    return _undated(read_findings(study / "alone"))


def _findings(config, folder, host=None):
    found = run_audit(config, folder, Overrides(), 48, lambda step: None, host)
    assert read_findings(folder) == found
    return _undated(found)


def _undated(found):
    return replace(found, audit=replace(found.audit, created=""))


def test_processes_find_what_one_finds_even_if_one_of_them_is_killed(config, alone, tmp_path):
    assert _findings(config, tmp_path / "two", Host(executor=Processes(2, 1))) == alone
    killed = []

    def kill():
        """A worker, as soon as the first shard is there; another one at the first piece."""
        for place in ("shards/*", "probes/*/*"):
            while not list((tmp_path / "killed").glob(place)):
                time.sleep(0.02)
            worker = multiprocessing.active_children()[0]
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    threading.Thread(target=kill, daemon=True).start()
    assert _findings(config, tmp_path / "killed", Host(executor=Processes(2, 1))) == alone
    assert len(killed) == 2
    assert not multiprocessing.active_children()


def test_a_ray_cluster_finds_what_one_process_finds_even_if_a_worker_is_killed(
    config, alone, tmp_path
):
    killed = []

    def kill():
        while not list((tmp_path / "ray").glob("shards/*")):
            time.sleep(0.02)
        own = (one for one in Path("/proc").glob("[0-9]*") if _is_worker(one))
        killed.append(int(next(own).name))
        os.kill(killed[0], signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    assert _findings(config, tmp_path / "ray", Host(executor=RayCluster(2, 1))) == alone
    assert len(killed) == 1


def test_a_cluster_that_does_not_answer_is_refused_before_anything_is_written(config, tmp_path):
    with pytest.raises(ConfigError, match="expected HOST:PORT"):
        _findings(config, tmp_path / "none", Host(executor=RayCluster(1, 1, "nonsense")))
    assert not (tmp_path / "none").exists()


def _is_worker(process):
    try:
        return b"_Actor" in (process / "cmdline").read_bytes()
    except OSError:
        return False
