"""A cross-validation with a detector for each fold: which cases go to which detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.detector_config import FoldDetectorsConfig
from xaudit.audit.plan.plan import Plan
from xaudit.audit.run.engine import Engine
from xaudit.audit.store.results import Results
from xaudit.core.detector import Taken


@dataclass(frozen=True, slots=True)
class Part:
    """The cases of one detector.

    Attributes:
        number: of the fold, in the order of the audit file.
        fold: its name; None where there is one detector for all cases.
        plan: of these cases alone; its record is that of the whole audit.
        engine: the detector and the methods.
    """

    number: int
    fold: str | None
    plan: Plan
    engine: Engine

    def of(self, results: Results) -> Results:
        """The results of these cases."""
        if self.fold is None:
            return results
        ids = {case.case_id for case in self.plan.study.cases}
        return replace(
            results,
            cases=tuple(row for row in results.cases if row.case_id in ids),
            scores=tuple(row for row in results.scores if row.case_id in ids),
            maps=tuple(row for row in results.maps if row.case_id in ids),
        )


def load_parts(plan: Plan) -> tuple[Part, ...]:
    """Load every detector of a plan; one part where there is one detector.

    Raises:
        DetectorError: a detector cannot be loaded as declared; names its fold.
        ConfigError: a method is unknown or has an unknown parameter; there is no such device.
    """
    folds = plan.config.detector.folds
    count = len(folds.weights) if folds else 1
    return tuple(load_part(plan, number) for number in range(count))


def load_part(plan: Plan, number: int = 0) -> Part:
    """Load one detector of a plan; see `load_parts`."""
    folds = plan.config.detector.folds
    if folds is None:
        return Part(0, None, plan, Engine.of(plan))
    name, own = list(folds.weights)[number], _of_fold(plan, folds, number)
    return Part(number, name, own, Engine.of(own, name, plan.study))


def whole_engine(plan: Plan, parts: Sequence[Part]) -> Engine:
    """What ran, as a summary reads it: with several detectors the hash is that of their hashes."""
    first = parts[0].engine
    taken = Taken.together([part.engine.detector.taken for part in parts])
    digest = plan.record.files.get("weights")
    detector = replace(first.detector, weights_sha256=digest, taken=taken)
    return replace(first, detector=detector)


def _of_fold(plan: Plan, folds: FoldDetectorsConfig, number: int) -> Plan:
    name, weights = list(folds.weights.items())[number]
    cases = tuple(case for case in plan.study.cases if case.groups.get(folds.column) == name)
    detector = plan.config.detector.model_copy(update={"weights": weights})
    shared = _shared(plan.config, number, len(folds.weights))
    config = shared.model_copy(update={"detector": detector})
    return replace(plan, config=config, study=replace(plan.study, cases=cases))


def _shared(config: AuditConfig, number: int, folds: int) -> AuditConfig:
    """The cases that checks may use, shared out over the folds: together as many as declared."""

    def share(cases: int) -> int:
        return cases // folds + (number < cases % folds)

    explain, robustness = config.explain, config.robustness
    checks = explain.checks.model_copy(update={"cases": share(explain.checks.cases)})
    parts = {"checks": checks, "shortcuts": share(explain.shortcuts)}
    return config.model_copy(
        update={
            "explain": explain.model_copy(update=parts),
            "robustness": robustness.model_copy(
                update={"cases": share(robustness.cases), "maps": share(robustness.maps)}
            ),
        }
    )
