"""Effect of the library that resizes the images on the scores of this study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.run.named_errors import naming
from xaudit.core.case import Case
from xaudit.core.detector import InputSpec, Interpolation, OperatingPoint
from xaudit.data.prepare import prepare
from xaudit.data.transforms.resampling import FAMILIES
from xaudit.errors import DataError, InstallError
from xaudit.explain.engine.evaluator import Evaluator

_PROBED = 16


@dataclass(frozen=True, slots=True)
class ResamplingEffect:
    """How scores differ where another library does what is declared.

    Attributes:
        interpolation: the other kind.
        images: that were looked at.
        largest: difference of the logit.
        median: of the differences, without sign.
        flips: operating point → calls that come out the other way.
    """

    interpolation: Interpolation
    images: int
    largest: float
    median: float
    flips: Mapping[str, int]


def resampling_effects(plan: Plan, evaluator: Evaluator) -> tuple[ResamplingEffect, ...]:
    """What the kinds that share a word with the declared one do to some images of the study.

    Args:
        plan: of the audit.
        evaluator: the door to the detector.

    Returns:
        One for each other kind whose library is there; none where the declared kind has no kin or
        no image can be read.
    """
    spec = plan.config.detector.input
    declared = spec.interpolation
    family = next((one for one in FAMILIES if declared in one), ())
    sampled = set(draw_sample(plan.study.cases, _PROBED, 0.5, plan.config.seed))
    cases = [case for case in plan.study.cases if case.case_id in sampled]
    before = _logits(evaluator, cases, spec)
    points = [point.resolve() for point in plan.config.detector.operating_points]
    effects = []
    for kind in family if before else ():
        try:
            other = replace(spec, interpolation=kind)
            after = _logits(evaluator, cases, other) if kind != declared else {}
        except InstallError:
            # Who does not have the library has not trained with it here.
            continue
        if after:
            effects.append(_effect(kind, before, after, points))
    return tuple(effects)


def _logits(evaluator: Evaluator, cases: Sequence[Case], spec: InputSpec) -> dict[str, float]:
    """Case → its logit, without those that cannot be read."""
    images = {}
    for case in cases:
        try:
            images[case.case_id] = prepare(case, spec).image
        except DataError:
            # Its own row of the audit says why.
            continue
    if not images:
        return {}
    logits = naming(evaluator.logits, np.stack(list(images.values())), list(images))
    return dict(zip(images, logits.tolist(), strict=True))


def _effect(
    kind: Interpolation,
    before: Mapping[str, float],
    after: Mapping[str, float],
    points: Sequence[OperatingPoint],
) -> ResamplingEffect:
    first, second = (_in_order(one, before) for one in (before, after))
    apart = np.abs(second - first)
    flips = {
        point.name: int(((first > point.edge) != (second > point.edge)).sum()) for point in points
    }
    return ResamplingEffect(kind, len(first), float(apart.max()), float(np.median(apart)), flips)


def _in_order(logits: Mapping[str, float], order: Mapping[str, float]) -> npt.NDArray[np.float64]:
    return np.array([logits[case_id] for case_id in order])
