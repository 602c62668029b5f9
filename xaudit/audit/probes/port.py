"""Probes: what else a detector is asked than scores and maps, in pieces that stand alone."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from xaudit.audit.plan.plan import Plan
from xaudit.audit.plan.sample import Listed, draw_sample
from xaudit.audit.run.engine import Engine
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ProbeRow
from xaudit.core.attribution import Parameter
from xaudit.core.case import Case, PreparedCase
from xaudit.core.registry import Registry
from xaudit.errors import ConfigError

_ROOM = "xaudit.audit.probes"
"""The room whose modules register the probes of xaudit."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What a probe works on.

    Attributes:
        plan: of the audit; with a detector for each fold, of the cases of one.
        engine: the detector, which a probe leaves as it is, and the methods.
        results: of the run, with its maps.
    """

    plan: Plan
    engine: Engine
    results: Results

    @property
    def scored(self) -> list[CaseRow]:
        """The cases that have a score."""
        return [row for row in self.results.cases if row.logit is not None]

    @property
    def explained(self) -> list[CaseRow]:
        """Those of them that were sampled to be explained."""
        return [row for row in self.scored if row.sampled]

    def sample(self, listed: Sequence[Listed], count: int, positives: float) -> tuple[Case, ...]:
        """At most so many cases of a list, by the draw of the plan; in the order of the list.

        Args:
            listed: rows or cases.
            count: how many.
            positives: share of them with a fracture, as far as there are enough.
        """
        by_id = {case.case_id: case for case in self.plan.study.cases}
        ids = draw_sample(listed, count, positives, self.plan.config.seed)
        return tuple(by_id[identifier] for identifier in ids)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a probe that needs no other part: done alone, in any order, on any machine.

    Attributes:
        stage: that it belongs to, as progress and estimates of cost call it.
        cases: that it reads.
        key: what is done to them; for the probe alone.
        finished: how many cases are through with the stage when it is done.
        work: in units of the stage.
    """

    stage: str
    cases: tuple[Case, ...]
    key: str = ""
    finished: int = 0
    work: float = 1.0


class Probe(ABC):
    """Asks one thing of a detector, once its cases are scored and explained.

    Further parameters of ``__init__`` are those of the audit file (``probes: {NAME: {...}}``).

    Attributes:
        name: in the registry; its rows are those of the table of this name.
        order: place among all probes.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100

    def __init__(self, audited: Audited) -> None:
        self.audited = audited

    @abstractmethod
    def pieces(self) -> Sequence[Piece]:
        """What there is to do, in the order of the rows; empty where there is nothing."""

    @abstractmethod
    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterable[ProbeRow]:
        """Do one piece.

        Args:
            piece: of those above.
            cases: its cases on the input grid; one that can no longer be read is missing.
        """

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Stage → units of it in a whole run, read off the plan; see `Piece.work`.

        Args:
            plan: of the audit, or of a rehearsal of it.
            layers: of the detector, from the top.
        """
        del plan, layers
        return {}


PROBES: Registry[type[Probe]] = Registry("probe", entry_points="xaudit.probes")


def as_probe(name: str) -> Callable[[type[Probe]], type[Probe]]:
    """Register a class under the name by which audit files and tables call it."""

    def registered(kind: type[Probe]) -> type[Probe]:
        kind.name = name
        return PROBES.add(name, kind)

    return registered


@dataclass(frozen=True, slots=True)
class Wanted:
    """A probe that an audit wants, and how."""

    kind: type[Probe]
    params: Mapping[str, Parameter]

    def on(self, audited: Audited) -> Probe:
        """The probe at work."""
        return self.kind(audited, **self.params)


def wanted(plan: Plan) -> tuple[Wanted, ...]:
    """The probes of xaudit, and those of packages that the audit file names.

    Raises:
        RegistryError: there is no probe of a name.
        ConfigError: it has no such parameter.
    """
    for module in pkgutil.walk_packages(importlib.import_module(_ROOM).__path__, f"{_ROOM}."):
        importlib.import_module(module.name)
    kinds = (PROBES[name] for name in PROBES)
    ours = [Wanted(kind, {}) for kind in kinds if kind.__module__.startswith(_ROOM)]
    named = [_with_params(name, params) for name, params in plan.config.probes.items()]
    return tuple(sorted((*ours, *named), key=lambda one: one.kind.order))


def _with_params(name: str, params: Mapping[str, Parameter]) -> Wanted:
    kind = PROBES[name]
    if kind.__module__.startswith(_ROOM):
        raise ConfigError(
            f"probes.{name}: is a probe of xaudit, which every audit carries out; `robustness` and "
            "`explain` say how far"
        )
    _, *known = inspect.signature(kind).parameters
    unknown = [key for key in params if key not in known]
    if unknown:
        listed = ", ".join(known) or "none"
        raise ConfigError(
            [f"probes.{name}.{key}: no such parameter; there is: {listed}" for key in unknown]
        )
    return Wanted(kind, params)
