"""The audit of one detector of the catalogue on one study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import write_text
from xaudit.core.record.qualification import Mode, Trial
from xaudit.errors import AuditError, DetectorError
from xaudit.phantom.demo import REFERENCE_INPUT
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.qualification.accusations import charges
from xaudit.qualification.catalogue import Entry
from xaudit.qualification.studies import ensure_study
from xaudit.qualification.weights import write_weights

POLICY = "policy.yaml"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is rendered and computed for each detector.

    Attributes:
        patients: of a study, with about 1.85 films each.
        explained: cases with a map.
        checked: of these, cases in which the maps themselves are checked.
        probed: cases in which things are erased and inserted.
        degraded: cases that are scored once more as degraded radiographs.
    """

    patients: int
    explained: int
    checked: int
    probed: int
    degraded: int


SIZES: Mapping[Mode, Sizes] = {
    "full": Sizes(patients=220, explained=50, checked=4, probed=24, degraded=60),
    "quick": Sizes(patients=130, explained=38, checked=3, probed=12, degraded=30),
}


@dataclass(frozen=True, slots=True)
class Task:
    """What one worker does: the audit of an entry on the study of a seed, under this folder."""

    entry: Entry
    seed: int
    sizes: Sizes
    folder: Path

    @property
    def home(self) -> Path:
        """Where the audit lies."""
        return self.folder / f"seed-{self.seed}" / self.entry.subject.id

    @property
    def study(self) -> Path:
        """Where the study lies; detectors share it."""
        return self.folder / f"seed-{self.seed}" / "studies" / self.entry.subject.study


def render_study(task: Task) -> None:
    """Draw the study of a task, if it is not there yet.

    Raises:
        DataError: the folder cannot be written.
    """
    task.study.parent.mkdir(parents=True, exist_ok=True)
    ensure_study(task.entry.subject.study, task.seed, task.sizes.patients, task.study)


def carry_out(task: Task) -> Trial:
    """Audit and judge; a finished audit is read, one that was interrupted goes on.

    Raises:
        ConfigError: the study or the folder cannot be used.
    """
    subject, audit = task.entry.subject, task.home / "audit"
    try:
        findings = run_audit(_prepare(task), audit, Overrides(), None, lambda step: None)
    except (DetectorError, AuditError) as error:
        return Trial(subject, task.seed, (), error=str(error))
    verdict = judge_audit(audit)
    return Trial(subject, task.seed, charges(findings, verdict), verdict.overall)


def packaged(name: str) -> Path:
    """A file of this package."""
    return Path(str(files("xaudit.qualification") / name))


def _prepare(task: Task) -> Path:
    """Write the detector's weights, the policy and the audit file."""
    entry, home = task.entry, task.home
    home.mkdir(parents=True, exist_ok=True)
    write_weights(entry, task.seed, home / "weights.safetensors")
    write_text(home / POLICY, packaged(POLICY).read_text(encoding="utf-8"))
    config = _common()
    config["name"] = f"qualification: {entry.subject.id}"
    config["seed"] = task.seed
    config["data"] |= {"root": str(task.study.resolve())}
    config["detector"] = _detector(entry)
    erased = task.sizes.explained if entry.erased else task.sizes.probed
    config["explain"] |= {"cases": task.sizes.explained, "shortcuts": erased}
    config["explain"]["checks"] |= {"cases": task.sizes.checked}
    config["robustness"] |= {"cases": task.sizes.degraded}
    path = home / "audit.yaml"
    write_text(path, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return path


def _common() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(packaged("audit.yaml").read_text(encoding="utf-8"))
    return config


def _detector(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.subject.id,
        "architecture": entry.architecture,
        "arguments": dict(entry.arguments),
        "weights": "weights.safetensors",
        "input": {
            "height": REFERENCE_INPUT.height,
            "width": REFERENCE_INPUT.width,
            "channels": REFERENCE_INPUT.channels,
            "mean": list(REFERENCE_INPUT.mean),
            "std": list(REFERENCE_INPUT.std),
        },
        "output": dict(entry.output),
        "operating_points": [{"name": "default", "logit": entry.threshold, "origin": "fixed"}],
    }
