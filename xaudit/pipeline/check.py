"""Everything that can be said of an audit before it runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.own_module import permitted
from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.plan.plan import Plan, detector_spec, make_plan
from xaudit.audit.plan.profile import Limit
from xaudit.audit.probes.other_detectors import check_others
from xaudit.audit.probes.probing import foresee
from xaudit.audit.probes.resampling_effect import ResamplingEffect, resampling_effects
from xaudit.audit.store.store import MapRow
from xaudit.core.case import Study
from xaudit.core.record.suspicion import Suspicion
from xaudit.data.prepare import prepare
from xaudit.errors import ConfigError, DataError, XauditError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Explainer, left_out, make_explainer
from xaudit.models.sandbox.load import load_declared
from xaudit.models.torch_detector import TorchDetector
from xaudit.pipeline.cost import StageCost, rest_of, run_cost, seconds_of
from xaudit.pipeline.rehearsal import rehearse
from xaudit.pipeline.shorten import Shorter, shorten

T = TypeVar("T")
_TRIED = 16


@dataclass(frozen=True, slots=True)
class Preview:
    """What an audit will do and what it will cost on this machine.

    Attributes:
        plan: what will be done.
        stages: cost of each stage of the run.
        megabytes: on disk, at most.
        shorter: how a run that takes more than an hour, on a machine that has nothing else to do,
            takes less; None for one that does not.
        failures: what the detector does not offer, and methods that could not explain cases that
            were tried, and why.
        suspicions: what was noticed and does not stand in the way.
        resampling: what other libraries that resize do to the scores of some images.
        elsewhere: where the detector runs, if not here.
        by: what computes a model of another format; empty for a network of torch.
        sandbox: the walls that the detector runs in; None for none.
    """

    plan: Plan
    stages: tuple[StageCost, ...]
    megabytes: float
    shorter: Shorter | None
    failures: tuple[str, ...]
    suspicions: tuple[Suspicion, ...] = ()
    resampling: tuple[ResamplingEffect, ...] = ()
    elsewhere: str | None = None
    by: str = ""
    sandbox: str | None = None

    @property
    def seconds(self) -> float:
        """That the run takes on this machine, as busy as it is."""
        return seconds_of(self.stages)

    @property
    def rest(self) -> float:
        """That the run takes at most, if the machine has nothing else to do."""
        return rest_of(self.stages)


def check_audit(path: Path, overrides: Overrides, limit: Limit) -> Preview:
    """Validate the configuration, the study, the detector, the methods and the policy.

    Args:
        path: the audit file.
        overrides: what the command line says instead of the file.
        limit: audit at most so many cases.

    Raises:
        ConfigError: every mistake that was found, in one message.
    """
    config, file = read_config(path, overrides)
    problems: list[str] = []

    def attempt(section: str, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except ConfigError as error:
            problems.extend(error.problems)
        except XauditError as error:
            problems.append(f"{file.place((section,))}: {section}: {error}")
        return None

    allowed = attempt("detector", lambda: permitted(config, file, overrides))
    plan = attempt("data", lambda: make_plan(allowed or config, limit, overrides.env))
    detector = attempt("detector", lambda: _detector(allowed)) if allowed else None
    if allowed:
        attempt("explain", lambda: check_others(detector_spec(allowed), config.explain.checks))
    explainers = attempt("explain", lambda: _explainers(config))
    if problems or plan is None or detector is None or explainers is None:
        raise ConfigError(problems)
    suspicions = attempt("detector", lambda: foresee(plan, detector))
    if suspicions is None:
        raise ConfigError(problems)
    effects = resampling_effects(plan, Evaluator(detector))
    preview = _preview(plan, detector)
    return replace(preview, suspicions=suspicions, resampling=effects, elsewhere=detector.source)


def _detector(config: AuditConfig) -> TorchDetector:
    """The detector, of several the first; all of them have to load."""
    spec, folds = detector_spec(config), config.detector.folds
    first, *others = folds.weights.values() if folds else [spec.weights]
    for path in others:
        load_declared(replace(spec, weights=path))
    return load_declared(replace(spec, weights=first))


def _explainers(config: AuditConfig) -> list[Explainer]:
    problems: list[str] = []
    made: list[Explainer] = []
    for name, params in config.explain.methods.items():
        try:
            made.append(make_explainer(name, params))
        except ConfigError as error:
            problems.extend(error.problems)
        except XauditError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError(problems)
    return made


def _preview(plan: Plan, detector: TorchDetector) -> Preview:
    _require_images(plan.study, detector)
    rehearsed = rehearse(plan)
    maps, methods = len(plan.record.sample), len(plan.config.explain.methods)
    pixels = math.prod(detector.input.grid.shape)
    return Preview(
        plan,
        run_cost(plan, rehearsed),
        maps * pixels * (4 * methods + 4) / 1e6 + len(plan.study.cases) / 1000,
        shorten(plan, rehearsed),
        (
            *detector.facts.limits,
            *_left_out(plan.config, detector),
            *_failures(rehearsed.maps),
        ),
        by=detector.facts.by,
        sandbox=detector.sandbox,
    )


def _left_out(config: AuditConfig, detector: TorchDetector) -> Iterator[str]:
    """Methods that this detector cannot serve, and what it lacks."""
    lacking = left_out(_explainers(config), detector.capabilities)
    for what, _, names in (one.partition(": ") for one in lacking.split("; ") if one):
        yield f"{names} left out: the detector offers no {what}"


def _failures(maps: Sequence[MapRow]) -> Iterator[str]:
    """Methods that could not explain cases of the rehearsal, and why."""
    for method in dict.fromkeys(row.method for row in maps):
        rows = [row for row in maps if row.method == method]
        failed = [row.error for row in rows if row.error is not None]
        if failed:
            yield f"{method} failed on {len(failed)} of {len(rows)} cases tried: {failed[0]}"


def _require_images(study: Study, detector: TorchDetector) -> None:
    """Refuse a study of which no image can be read, of some that are tried."""
    reasons = []
    for case in study.cases[:: max(1, len(study.cases) // _TRIED)]:
        try:
            prepare(case, detector.input)
        except DataError as error:
            reasons.append(str(error))
        else:
            return
    raise ConfigError([f"none of {len(reasons)} probed cases can be read:", *reasons[:5]])
