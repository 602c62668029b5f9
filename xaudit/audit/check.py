"""Everything that can be said of an audit before it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from xaudit.audit.config import AuditConfig
from xaudit.audit.other_detectors import check_others
from xaudit.audit.plan import Plan, detector_spec, make_plan
from xaudit.audit.probing import foresee
from xaudit.audit.profile import Limit
from xaudit.audit.read_config import Overrides, read_config
from xaudit.audit.resampling_effect import ResamplingEffect, resampling_effects
from xaudit.core.case import Study
from xaudit.core.suspicion import Suspicion
from xaudit.data.prepare import prepare
from xaudit.errors import ConfigError, DataError, XauditError
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.port import Explainer, make_explainer
from xaudit.models.load import load_detector
from xaudit.models.torch_detector import TorchDetector

T = TypeVar("T")
_PROBE_CASES = 8
_PROBES = 4


@dataclass(frozen=True, slots=True)
class MethodCost:
    """What one method will cost.

    Attributes:
        forward: images passed forward for one map, at most.
        backward: images passed backward for one map, at most.
        maps: maps to make.
        seconds: for all of them, from the probe.
    """

    name: str
    forward: int
    backward: int
    maps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Preview:
    """What an audit will do and what it will cost on this machine.

    Attributes:
        plan: what will be done.
        scoring_seconds: for decoding and scoring every case.
        methods: cost of each method.
        megabytes: on disk, at most.
        suspicions: what was noticed and does not stand in the way.
        resampling: what other libraries that resize do to the scores of some images.
    """

    plan: Plan
    scoring_seconds: float
    methods: tuple[MethodCost, ...]
    megabytes: float
    suspicions: tuple[Suspicion, ...] = ()
    resampling: tuple[ResamplingEffect, ...] = ()


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

    plan = attempt("data", lambda: make_plan(config, limit))
    detector = attempt("detector", lambda: _detector(config))
    attempt("explain", lambda: check_others(detector_spec(config), config.explain.checks))
    explainers = attempt("explain", lambda: _explainers(config))
    if problems or plan is None or detector is None or explainers is None:
        raise ConfigError(problems)
    suspicions = attempt("detector", lambda: foresee(plan, detector))
    if suspicions is None:
        raise ConfigError(problems)
    effects = resampling_effects(plan, Evaluator(detector))
    preview = _preview(plan, detector, explainers)
    return replace(preview, suspicions=suspicions, resampling=effects)


def _detector(config: AuditConfig) -> TorchDetector:
    """The detector, of several the first; all of them have to load."""
    spec, folds = detector_spec(config), config.detector.folds
    first, *others = folds.weights.values() if folds else [spec.weights]
    for path in others:
        load_detector(replace(spec, weights=path))
    return load_detector(replace(spec, weights=first))


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


def _preview(plan: Plan, detector: TorchDetector, explainers: list[Explainer]) -> Preview:
    began = time.perf_counter()
    images = _first_images(plan.study, detector)
    decoding = (time.perf_counter() - began) / len(images)
    evaluator = Evaluator(detector)
    forward, backward = _probe(evaluator, images)
    maps = len(plan.record.sample)
    costs = []
    for explainer in explainers:
        ahead, back = explainer.cost()
        seconds = maps * (ahead * forward + back * backward)
        costs.append(MethodCost(explainer.name, ahead, back, maps, seconds))
    cases = len(plan.study.cases)
    pixels = images.shape[-1] * images.shape[-2]
    return Preview(
        plan,
        cases * (decoding + forward),
        tuple(costs),
        maps * pixels * (4 * len(explainers) + 4) / 1e6 + cases / 1000,
    )


def _first_images(study: Study, detector: TorchDetector) -> np.ndarray:
    images = []
    reasons = []
    for case in study.cases[:: max(1, len(study.cases) // (2 * _PROBE_CASES))]:
        try:
            images.append(prepare(case, detector.input).image)
        except DataError as error:
            reasons.append(str(error))
        if len(images) == _PROBE_CASES:
            break
    if not images:
        raise ConfigError([f"none of {len(reasons)} probed cases can be read:", *reasons[:5]])
    return np.stack(images)


def _probe(evaluator: Evaluator, images: np.ndarray) -> tuple[float, float]:
    """Seconds for one image forward, and forward with backward; the fastest of some counts."""
    return _fastest(evaluator.logits, images), _fastest(evaluator.gradients, images)


def _fastest(step: Callable[[np.ndarray], object], images: np.ndarray) -> float:
    times = []
    for _ in range(_PROBES):
        began = time.perf_counter()
        step(images)
        times.append(time.perf_counter() - began)
    return min(times) / len(images)
