"""The engine of a run: its detector and its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xaudit.audit.plan.plan import Plan, detector_spec
from xaudit.audit.run.shard import Progressed, ShardWorker, read_cases, work_of
from xaudit.audit.store.provenance import (
    BETWEEN,
    LEFT_OUT,
    MODEL_BY,
    MODEL_LIMITS,
    SANDBOX,
    SERVICE,
)
from xaudit.core.case import Case, FloatArray, PreparedCase, Study
from xaudit.core.detector import InputSpec
from xaudit.core.executor import Count
from xaudit.core.message import Message, one_after_another
from xaudit.data.prepare import prepare
from xaudit.errors import DataError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, Explainer, left_out, make_explainer
from xaudit.models.device import choose_device, describe_device
from xaudit.models.sandbox.load import load_declared
from xaudit.models.torch_detector import TorchDetector


@dataclass(frozen=True, slots=True)
class Engine:
    """The loaded detector and the methods of a plan, how near a peak must come, and the fold.

    Attributes:
        films: whether the images of explained cases are kept, for pictures of them.
        left_out: methods that the detector cannot serve, and why; empty for none.
    """

    detector: TorchDetector
    evaluator: Evaluator
    explainers: tuple[Explainer, ...]
    context: Context
    tolerance: str = "0 px"
    fold: str | None = None
    films: bool = True
    left_out: str = ""

    @classmethod
    def of(cls, plan: Plan, fold: str | None = None, study: Study | None = None) -> Engine:
        """Load what a plan needs.

        Args:
            plan: of the audit, or of the cases of one fold.
            fold: its name, where each has a detector of its own.
            study: that background images are taken from; None for that of the plan.

        Raises:
            DetectorError: the detector cannot be loaded as declared.
            ConfigError: a method is unknown or has an unknown parameter; there is no such device.
        """
        explain = plan.config.explain
        wanted = [make_explainer(*one) for one in explain.methods.items()]
        detector = load_declared(detector_spec(plan.config))
        explainers = [one for one in wanted if one.needs <= detector.capabilities]
        boxed = detector.sandbox is not None and detector.elsewhere is None
        detector.module.to(choose_device(explain.device, boxed=boxed))
        compares = any(explainer.compares for explainer in explainers)
        background = Context(0).background
        if compares:
            background = _background(plan, study or plan.study, detector.input)
        context = Context(plan.config.seed, background)
        evaluator = Evaluator(detector, explain.micro_batch, explain.precision)
        return cls(
            detector,
            evaluator,
            tuple(explainers),
            context,
            explain.peak_tolerance,
            fold,
            explain.gallery,
            left_out(wanted, detector.capabilities),
        )

    def prepared(self, cases: Sequence[Case]) -> list[Progressed]:
        """These cases as the detector sees them; may run while others are computed."""
        return read_cases(cases, self.detector.input)

    def worker(self, sample: frozenset[str], count: Count) -> ShardWorker:
        """What computes shards, explaining the cases of this sample and telling of every step."""
        return ShardWorker(
            self.evaluator,
            self.explainers,
            sample,
            self.context,
            count,
            self.tolerance,
            self.fold,
            self.films,
        )

    @property
    def described(self) -> dict[str, str]:
        """For provenance: what was loaded; device, batches and number format shape last digits."""
        sizes = self.evaluator.sizes
        facts, stated = self.detector.facts, self.detector.stated
        told = {
            SERVICE: "; ".join(f"{name} {said}" for name, said in stated.items()),
            LEFT_OUT: self.left_out,
            MODEL_BY: facts.by,
            MODEL_LIMITS: one_after_another(facts.limits, BETWEEN),
            SANDBOX: self.detector.sandbox or "",
        }
        return {
            **({"weights taken": self.detector.taken.described} if self.hashed else {}),
            "computed on": describe_device(self.evaluator.device),
            "images at once": _at_once(sizes),
            "number format": self.evaluator.rough.described,
            **{name: text for name, text in told.items() if text},
        }

    @property
    def hashed(self) -> bool:
        """Whether a file identifies the detector."""
        return self.detector.weights_sha256 is not None

    @property
    def work_per_map(self) -> float:
        """Work of all methods for one case, in images passed forward."""
        return sum(map(work_of, self.explainers))


def _at_once(sizes: Mapping[str, int]) -> Message:
    if "backward" not in sizes:
        return Message("{n} forward", n=sizes["forward"])
    return Message("{n} forward, {m} backward", n=sizes["forward"], m=sizes["backward"])


def _background(plan: Plan, study: Study, spec: InputSpec) -> FloatArray:
    """The images without a fracture that the plan sampled; what cannot be read is left out."""
    sampled = set(plan.record.background)
    cases = [case for case in study.cases if case.case_id in sampled]
    images = [case.image for case in readable(cases, spec)]
    return np.stack(images) if images else Context(0).background


def readable(cases: Sequence[Case], spec: InputSpec) -> list[PreparedCase]:
    """Those of these cases that can be read, as the detector sees them."""
    ready = []
    for case in cases:
        try:
            ready.append(prepare(case, spec))
        except DataError:
            # Its own row of the audit says why, or its absence shows in the counts.
            continue
    return ready
