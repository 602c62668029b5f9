"""Some images of the study are asked in several ways before a run: does the declaration hold?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import draw_sample
from xaudit.audit.run.named_errors import naming
from xaudit.audit.run.parts import Part, load_parts
from xaudit.audit.store.files import kept_json
from xaudit.audit.suspicions.inquiry import Inquiry, StudyScores
from xaudit.audit.suspicions.output_checks import refuse_impossible
from xaudit.audit.suspicions.suspicions import (
    FILE,
    OF_PROBE,
    OF_SCORES,
    Noticed,
    answered,
    keep_noticed,
    suspected,
)
from xaudit.core.case import Case, FloatArray
from xaudit.core.record.suspicion import Suspicion
from xaudit.data.pixels.intensity import unused_range
from xaudit.data.prepare import prepare
from xaudit.errors import DataError
from xaudit.models.plausibility import ask, check_input
from xaudit.models.torch_detector import TorchDetector

_PROBED, _LEAST = 32, 16
"""Images that are looked at, and of each fold at least: fewer say nothing to most checks."""
Notify = Callable[[tuple[Suspicion, ...]], None]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is suspected before a run.

    Attributes:
        of_probe: of how the detectors answer some images.
        of_scores: of these scores; the run asks again when it has all of them.
    """

    of_probe: tuple[Suspicion, ...] = ()
    of_scores: tuple[Suspicion, ...] = ()


def try_detectors(parts: Sequence[Part], folder: Path) -> Foreseen:
    """What some images show before a run; nothing is written. A run that goes on knows it already.

    Args:
        parts: the detectors and their cases.
        folder: of the audit.

    Raises:
        DetectorError: the outputs cannot be what they are declared to be.
    """
    # One that is torn is asked again: what nobody asked would pass for what nobody suspects.
    if kept_json(folder / FILE, Noticed) is not None:
        return Foreseen()
    number = max(_LEAST, _PROBED // len(parts))
    seen = [_seen(part.plan, part.engine.detector, number) for part in parts]
    return Foreseen(
        tuple(one for of_probe, _ in seen for one in of_probe),
        tuple(scores for _, of_scores in seen for scores in of_scores),
    )


def notice(
    foreseen: Foreseen, acknowledge: Sequence[str], folder: Path, notify: Notify | None = None
) -> Noticed:
    """What is noticed before a run, written into its folder; a run that goes on keeps it.

    Args:
        foreseen: of `try_detectors`.
        acknowledge: names that the audit file acknowledges.
        folder: of the audit.
        notify: told what is suspected, before the hours that the run may take; of all scores too,
            as far as some tell.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    names = tuple(sorted(acknowledge))
    kept = kept_json(folder / FILE, Noticed)
    if kept is not None:
        noticed = kept
        if noticed.acknowledged != names:
            noticed = keep_noticed(folder, replace(noticed, acknowledged=names))
    else:
        noticed = keep_noticed(folder, Noticed(foreseen.of_probe, names))
    if notify is not None:
        notify(answered((*noticed.found, *foreseen.of_scores), names))
    return noticed


def foresee(plan: Plan, detector: TorchDetector) -> tuple[Suspicion, ...]:
    """What a run would suspect, as far as some images tell, whether or not it is acknowledged.

    Args:
        plan: of the audit.
        detector: as declared; where each fold has one of its own, all of them are asked instead.

    Raises:
        DetectorError: the outputs cannot be what they are declared to be.
    """
    each = [(plan, detector)]
    if plan.config.detector.folds is not None:
        each = [(part.plan, part.engine.detector) for part in load_parts(plan)]
    seen = [_seen(own, one, _PROBED) for own, one in each]
    found = [one for of_probe, of_scores in seen for one in (*of_probe, *of_scores)]
    return answered(found, plan.config.acknowledge)


def _seen(
    plan: Plan, detector: TorchDetector, images: int
) -> tuple[tuple[Suspicion, ...], tuple[Suspicion, ...]]:
    """What is suspected of some images, and of their scores alone."""
    probe = probe_of(plan, detector, images)
    if probe is None:
        return (), ()
    of_probe = _of_probe(detector, probe)
    labels = np.array([case.label for case in probe.cases], dtype=bool)
    points = tuple(point.resolve() for point in plan.config.detector.operating_points)
    output = probe.output
    scores = StudyScores(probe.said.logits, labels, output.kind, output.clipping, points=points)
    return of_probe, suspected(OF_SCORES, scores)


def _of_probe(detector: TorchDetector, probe: Inquiry) -> tuple[Suspicion, ...]:
    refuse_impossible(probe)
    intensity = detector.input.intensity
    ranges = [found for case in probe.cases if (found := case.image.used_range(intensity))]
    return (
        *suspected(OF_PROBE, probe),
        *check_input(detector, probe.images),
        *unused_range(ranges),
    )


def probe_of(plan: Plan, detector: TorchDetector, images: int = _PROBED) -> Inquiry | None:
    """What a detector says of some images, asked in several ways; None where none can be read.

    Raises:
        DetectorError: the network returns something else than was declared.
    """
    cases, pictures = _readable(plan, detector, images)
    if not cases:
        return None
    names = [case.case_id for case in cases]
    answers = naming(partial(ask, detector), pictures, names)
    return Inquiry(plan.config.detector.output.resolve(), cases, pictures, answers)


def _readable(
    plan: Plan, detector: TorchDetector, images: int
) -> tuple[tuple[Case, ...], FloatArray]:
    """Cases of the study with their images; the first half is spread over the study too."""
    sampled = set(draw_sample(plan.study.cases, images, 0.5, plan.config.seed))
    chosen = [case for case in plan.study.cases if case.case_id in sampled]
    cases, pictures = [], []
    for case in (*chosen[::2], *chosen[1::2]):
        try:
            pictures.append(prepare(case, detector.input).image)
        except DataError:
            # Its own row of the audit says why.
            continue
        cases.append(case)
    return tuple(cases), np.stack(pictures) if pictures else np.empty((0,), dtype=np.float32)
