"""Scored cases of one of the two studies: of the audit as it is stored, of the cohort anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.data_config import DataConfig
from xaudit.audit.config.own_module import permitted
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.plan.interim_plan import SHARD_CASES
from xaudit.audit.plan.plan import Plan, data_spec
from xaudit.audit.run.engine import Engine
from xaudit.audit.scores.case_features import DETECTOR, IMAGE, case_features
from xaudit.audit.store.store import CaseRow, Shard
from xaudit.core.case import Study
from xaudit.data.study.read import load_study
from xaudit.errors import ConfigError
from xaudit.verify.recompute import AuditOnDisk
from xaudit.verify.verify import weights_check
from xaudit.yaml_file import YamlFile

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scored cases of a study.

    Attributes:
        name: of the study.
        cases: how many it has, scored or not.
        rows: of the N scored ones.
        numbers: `IMAGE` and `DETECTOR` → (N, D) finite; None where a case has none.
    """

    name: str
    cases: int
    rows: tuple[CaseRow, ...]
    numbers: dict[str, Array | None]

    @classmethod
    def of_audit(cls, audit: AuditOnDisk) -> Scored:
        """The cases that an audit stored."""
        every = audit.results.cases
        rows = tuple(row for row in every if row.logit is not None)
        numbers = {name: case_features(audit.results, rows, name) for name in (IMAGE, DETECTOR)}
        return cls(audit.stated.study.name, len(every), rows, numbers)

    @classmethod
    def of_cohort(cls, study: Study, engine: Engine) -> Scored:
        """The cases of a cohort, scored as a run scores them and not explained.

        Raises:
            ConfigError: no image can be read.
        """
        worker = engine.worker(frozenset(), lambda *_: None)
        starts = range(0, len(study.cases), SHARD_CASES)
        shards = [
            worker.compute(engine.prepared(study.cases[at : at + SHARD_CASES])) for at in starts
        ]
        every = [row for shard in shards for row in shard.cases]
        scored = np.array([row.logit is not None for row in every], dtype=bool)
        if not scored.any():
            told = [issue.detail for row in every for issue in row.issues][:3]
            raise ConfigError(["the cohort: none of its images has a score", *told])
        # A code of the audit may be the same text, and is of somebody else.
        rows = tuple(
            replace(row, patient=f"cohort\0{row.patient}") for row in every if row.logit is not None
        )
        numbers = {name: _numbers(shards, name, scored) for name in (IMAGE, DETECTOR)}
        return cls(study.name, len(every), rows, numbers)


def _numbers(shards: Sequence[Shard], name: str, scored: npt.NDArray[np.bool_]) -> Array | None:
    arrays = [shard.arrays[name] for shard in shards if shard.arrays[name].shape[1]]
    if sum(map(len, arrays)) != len(scored) or len({one.shape[1] for one in arrays}) != 1:
        return None
    found = np.concatenate(arrays)[scored].astype(np.float64)
    return found if np.isfinite(found).all() else None


def score_cohort(
    audit: AuditOnDisk, data: DataConfig, file: YamlFile, given: Overrides
) -> tuple[Study, Scored]:
    """Read a cohort, and score it by the detector of an audit.

    Args:
        audit: finished.
        data: which study.
        file: that declares it.
        given: weights, and what the command line allows.

    Raises:
        ConfigError: the detector is not at hand or another one, or nobody allowed its code.
        DataError: the cohort cannot be used, or has labels.
    """
    config = _same_detector(audit, file.path, given)
    config = permitted(config.model_copy(update={"data": data}), file, given)
    study = load_study(data_spec(data, config.detector.input.views), labels=False)
    return study, Scored.of_cohort(study, Engine.of(Plan(audit.record, config, study)))


def _same_detector(audit: AuditOnDisk, path: Path, given: Overrides) -> AuditConfig:
    """The plan of an audit with the weights that are at hand, and nothing to explain."""
    if audit.stated.detector.format == "predictions":
        raise ConfigError(
            f"{audit.folder}: is of scores or boxes that were recorded elsewhere; a cohort needs "
            "an audit that ran the detector"
        )
    config = audit.config()
    detector = config.detector
    if detector.folds is not None:
        raise ConfigError(f"{audit.folder}: each fold has a detector of its own; no one of them "
                          "could score a cohort")  # fmt: skip
    if detector.weights is None:
        raise ConfigError(
            f"{audit.folder}: no file identifies its detector: nobody could say that the cohort "
            "was scored by the one that was audited"
        )
    weights = given.weights or _beside(detector.weights, audit.folder, path)
    if wrong := weights_check(audit.folder, weights).differences:
        raise ConfigError([f"--weights: {one}" for one in wrong])
    update = {
        "detector": detector.model_copy(update={"weights": weights.resolve()}),
        "explain": config.explain.model_copy(update={"methods": {}}),
    }
    return config.model_copy(update=update)


def _beside(weights: Path, folder: Path, path: Path) -> Path:
    """The weights of the audit, where they lie beside the cohort file or the audit."""
    places = (path.resolve().parent, folder.resolve().parent, folder.resolve())
    there = next((one / weights.name for one in places if (one / weights.name).exists()), None)
    if there is None:
        raise ConfigError(
            f"{weights.name}: lies neither beside {path.name} nor beside {folder.name}; name the "
            "detector's weights with --weights FILE"
        )
    return there
