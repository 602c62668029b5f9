"""Some images of the study are asked in several ways before a run: does the declaration hold?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xaudit.audit.fold_detectors import Part
from xaudit.audit.output_checks import refuse_impossible
from xaudit.audit.plan import Plan
from xaudit.audit.sample import draw_sample
from xaudit.audit.seen import Probe, Scores
from xaudit.audit.suspicions import (
    FILE,
    OF_PROBE,
    OF_SCORES,
    Noticed,
    answered,
    keep_noticed,
    read_noticed,
    suspected,
)
from xaudit.core.case import Case, FloatArray
from xaudit.core.suspicion import Suspicion
from xaudit.data.images import read_range
from xaudit.data.intensity import unused_range
from xaudit.data.prepare import prepare
from xaudit.errors import DataError
from xaudit.models.plausibility import ask, check_input
from xaudit.models.torch_detector import TorchDetector

_PROBED, _LEAST = 32, 8
"""Images that are looked at, and of each fold at least."""


def notice(parts: Sequence[Part], acknowledge: Sequence[str], folder: Path) -> Noticed:
    """What is noticed before a run, written into its folder; a run that goes on keeps it.

    Args:
        parts: the detectors and their cases.
        acknowledge: names that the audit file acknowledges.
        folder: of the audit.

    Raises:
        DetectorError: the outputs cannot be what they are declared to be.
        AuditError: the disk is full or cannot be written.
    """
    names = tuple(sorted(acknowledge))
    if (folder / FILE).exists():
        noticed = read_noticed(folder)
        same = noticed.acknowledged == names
        return noticed if same else keep_noticed(folder, replace(noticed, acknowledged=names))
    number = max(_LEAST, _PROBED // len(parts))
    found = [one for part in parts for one in look(part.plan, part.engine.detector, number)]
    return keep_noticed(folder, Noticed(tuple(found), names))


def foresee(plan: Plan, detector: TorchDetector) -> tuple[Suspicion, ...]:
    """What a run would suspect, as far as some images tell, whether or not it is acknowledged.

    Args:
        plan: of the audit.
        detector: as declared.

    Raises:
        DetectorError: the outputs cannot be what they are declared to be.
    """
    probe = probe_of(plan, detector)
    if probe is None:
        return ()
    labels = np.array([case.label for case in probe.cases], dtype=bool)
    points = tuple(point.resolve() for point in plan.config.detector.operating_points)
    output = probe.output
    scores = Scores(probe.said.logits, labels, output.kind, output.clipping, points=points)
    found = (*_of_probe(detector, probe), *suspected(OF_SCORES, scores))
    return answered(found, plan.config.acknowledge)


def look(plan: Plan, detector: TorchDetector, images: int = _PROBED) -> tuple[Suspicion, ...]:
    """What is suspected of a detector after some images of its study, half of them positive.

    Args:
        plan: of the audit, or of the cases of one fold.
        detector: as declared.
        images: to look at.

    Raises:
        DetectorError: the outputs cannot be what they are declared to be.
    """
    probe = probe_of(plan, detector, images)
    return () if probe is None else _of_probe(detector, probe)


def _of_probe(detector: TorchDetector, probe: Probe) -> tuple[Suspicion, ...]:
    refuse_impossible(probe)
    intensity = detector.input.intensity
    ranges = [found for case in probe.cases if (found := read_range(case.image, intensity))]
    return (
        *suspected(OF_PROBE, probe),
        *check_input(detector, probe.images),
        *unused_range(ranges),
    )


def probe_of(plan: Plan, detector: TorchDetector, images: int = _PROBED) -> Probe | None:
    """What a detector says of some images, asked in several ways; None where none can be read.

    Raises:
        DetectorError: the network returns something else than was declared.
    """
    cases, pictures = _readable(plan, detector, images)
    if not cases:
        return None
    return Probe(plan.config.detector.output.resolve(), cases, pictures, ask(detector, pictures))


def _readable(
    plan: Plan, detector: TorchDetector, images: int
) -> tuple[tuple[Case, ...], FloatArray]:
    """Cases of the study with their images; the first half is spread over the study too."""
    drawn = set(draw_sample(plan.study.cases, images, 0.5, plan.config.seed))
    chosen = [case for case in plan.study.cases if case.case_id in drawn]
    cases, pictures = [], []
    for case in (*chosen[::2], *chosen[1::2]):
        try:
            pictures.append(prepare(case, detector.input).image)
        except DataError:
            # Its own row of the audit says why.
            continue
        cases.append(case)
    return tuple(cases), np.stack(pictures) if pictures else np.empty((0,), dtype=np.float32)
