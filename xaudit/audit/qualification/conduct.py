"""Audit every detector of the catalogue, and add up what was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml

from xaudit import __version__
from xaudit.audit.conduct import run_audit
from xaudit.audit.files import to_json, write_text
from xaudit.audit.judge import judge_audit
from xaudit.audit.provenance import provenance
from xaudit.audit.qualification.accusations import charges, check_policy
from xaudit.audit.qualification.catalogue import Entry, entries
from xaudit.audit.qualification.studies import ensure_study
from xaudit.audit.qualification.weights import write_weights
from xaudit.audit.read_config import Overrides
from xaudit.core.estimate import Estimate
from xaudit.core.qualification import Qualification, Trial
from xaudit.data.phantom.demo import REFERENCE_INPUT
from xaudit.errors import AuditError, ConfigError, DetectorError
from xaudit.gate.policy import read_policy
from xaudit.stats.proportions import clopper_pearson

FIRST_SEED = 4101
_POLICY = "policy.yaml"
_SETTINGS = "settings.json"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is drawn and computed for each detector.

    Attributes:
        patients: of a study, with about 1.85 films each.
        explained: cases with a map.
        checked: of these, cases in which the maps themselves are checked.
        degraded: cases that are scored once more as worse radiographs.
    """

    patients: int
    explained: int
    checked: int
    degraded: int


SIZES: Mapping[Literal["full", "quick"], Sizes] = {
    "full": Sizes(patients=130, explained=36, checked=6, degraded=80),
    "quick": Sizes(patients=100, explained=24, checked=4, degraded=60),
}
SEEDS = {"full": 3, "quick": 1}
"""Studies of each kind, by default."""

Tell = Callable[[Trial, int, int], None]
"""Told of every trial when it is finished, with its number and how many there are."""


def qualify(
    folder: Path, mode: Literal["full", "quick"], seeds: Sequence[int], tell: Tell
) -> Qualification:
    """Audit every detector on the studies of every seed; finished audits are kept.

    Args:
        folder: where studies, audits and the report lie.
        mode: "quick" takes fewer detectors, patients and cases.
        seeds: of the studies.
        tell: told of every finished trial.

    Raises:
        ConfigError: the folder holds something else.
        AuditError: the disk is full or cannot be written.
    """
    sizes = SIZES[mode]
    _settle(folder, sizes)
    policy = check_policy(read_policy(_packaged(_POLICY)))
    plan = [(entry, seed) for seed in seeds for entry in entries(mode == "quick")]
    trials = []
    for number, (entry, seed) in enumerate(plan, 1):
        trials.append(_trial(entry, seed, sizes, folder))
        tell(trials[-1], number, len(plan))
    result = Qualification(
        version=__version__,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        mode=mode,
        sizes=asdict(sizes),
        seeds=tuple(seeds),
        policy=policy,
        trials=tuple(trials),
        found=found(trials),
        accused=accused(trials),
        provenance=provenance({}, {}),
    )
    write_text(folder / "qualification.json", to_json(result))
    return result


def found(trials: Sequence[Trial]) -> Estimate:
    """What share of the planted defects was found? Exact interval over detectors × seeds."""
    rights = [trial.right for trial in trials if trial.subject.planted is not None]
    return clopper_pearson(sum(rights), len(rights))


def accused(trials: Sequence[Trial]) -> Estimate:
    """What share of the sound detectors was accused, or could not be audited?"""
    rights = [trial.right for trial in trials if trial.subject.planted is None]
    return clopper_pearson(len(rights) - sum(rights), len(rights))


def _settle(folder: Path, sizes: Sizes) -> None:
    """Make the folder, or go on in one of a qualification of the same sizes."""
    path = folder / _SETTINGS
    if path.exists():
        there = json.loads(path.read_text(encoding="utf-8"))
        if there != asdict(sizes):
            raise ConfigError(
                f"{folder}: holds a qualification of other sizes ({there}); choose another --out, "
                "or delete the folder"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder}: is not empty and holds no qualification; choose another --out"
        )
    write_text(path, to_json(asdict(sizes)))


def _trial(entry: Entry, seed: int, sizes: Sizes, folder: Path) -> Trial:
    subject = entry.subject
    home = folder / f"seed-{seed}" / subject.id
    study = folder / f"seed-{seed}" / "studies" / subject.study
    study.parent.mkdir(parents=True, exist_ok=True)
    ensure_study(subject.study, seed, sizes.patients, study)
    try:
        config = _prepare(entry, seed, sizes, home, study)
        findings = run_audit(config, home / "audit", Overrides(), None, lambda step: None)
        verdict = judge_audit(home / "audit")
    except (DetectorError, AuditError) as error:
        return Trial(subject, seed, (), error=str(error))
    return Trial(subject, seed, charges(findings, verdict), verdict.overall)


def _prepare(entry: Entry, seed: int, sizes: Sizes, home: Path, study: Path) -> Path:
    """Write the detector's weights, the policy and the audit file."""
    home.mkdir(parents=True, exist_ok=True)
    weights = home / "weights.safetensors"
    if not weights.exists():
        write_weights(entry, seed, weights)
    write_text(home / _POLICY, _packaged(_POLICY).read_text(encoding="utf-8"))
    config = yaml.safe_load(_packaged("audit.yaml").read_text(encoding="utf-8"))
    config["name"] = f"qualification: {entry.subject.id}"
    config["seed"] = seed
    config["data"]["root"] = str(study.resolve())
    config["detector"] = _detector(entry)
    config["explain"]["cases"] = sizes.explained
    config["explain"]["checks"]["cases"] = sizes.checked
    config["robustness"]["cases"] = sizes.degraded
    path = home / "audit.yaml"
    write_text(path, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return path


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
        "operating_points": [{"name": "default", "logit": entry.threshold, "origin": "fixed"}],
    }


def _packaged(name: str) -> Path:
    return Path(str(files("xaudit.audit.qualification") / name))


def default_seeds(mode: Literal["full", "quick"], first: int) -> tuple[int, ...]:
    """The seeds of a qualification: this one and those that follow."""
    return tuple(range(first, first + SEEDS[mode]))


