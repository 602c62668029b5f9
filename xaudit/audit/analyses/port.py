"""Analyses: each says which tables it reads, what its figures mean, and what it finds."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType
from typing import Literal, TypeVar

from xaudit.audit.config.data_config import SubtletyConfig
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.scores.probe_tables import EVERYWHERE, OURS, Probed
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import ProbeRow
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding
from xaudit.core.registry import Registry

T = TypeVar("T")
TABLES = ("cases", "features", "maps", *EVERYWHERE)
"""Rows of every audit of a network, besides those of probes that packages bring."""
TYPES = "types"
"""Stands for columns of types of fracture, where an audit declares some: they lie in the cases."""
SUBTLETY = "subtlety"
"""Stands for the column that says how hard a fracture is to see."""
ADDED = "added"
"""Family of the figures that other packages bring."""
_OURS = __name__.partition(".")[0]
_ROOMS = (
    "xaudit.audit.performance",
    "xaudit.audit.maps",
    "xaudit.audit.annotators",
    "xaudit.audit.detection",
    "xaudit.audit.segmentation",
)
"""Rooms whose modules register the analyses of xaudit."""


@dataclass(frozen=True)
class Material:
    """All that analyses read.

    Attributes:
        results: rows of cases, maps and their scores.
        points: operating points.
        statistics: draws, minimum sizes and what is declared.
        seed: of the plan.
        unit: what a patient is called in this study.
        site_column: column that names the site; None where the study has none.
        methods: attribution methods of the plan.
        folds: how folds were made; empty where there are none.
        probed: rows of every probe.
        types: columns whose levels fractures alone have.
        subtlety: the column that says how hard a fracture is to see, where there is one.
    """

    results: Results
    points: tuple[OperatingPoint, ...]
    statistics: StatisticsConfig
    seed: int
    unit: Literal["patient", "image"]
    site_column: str | None = None
    methods: Sequence[str] = ()
    folds: str = ""
    probed: Probed = field(default_factory=dict)
    types: Sequence[str] = ()
    subtlety: SubtletyConfig | None = None
    _made: dict[Hashable, object] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def means(self) -> Means:
        """How means over cases are estimated."""
        return Means(self.statistics, self.seed, self.unit)

    @cached_property
    def patients(self) -> dict[str, str]:
        """Case id → its patient."""
        return {row.case_id: row.patient for row in self.results.cases}

    def rows_of(self, probe: str) -> Sequence[ProbeRow]:
        """What a probe found; empty where it was switched off."""
        return self.probed.get(probe, ())

    def shared(self, make: Callable[[Material], T]) -> T:
        """What several analyses stand on, made by the first that asks for it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]  # type: ignore[assignment]
        return made


@dataclass(frozen=True, slots=True)
class Analysis:
    """One thing that an audit says of its rows.

    Attributes:
        name: in the registry.
        order: place of its findings among all others.
        reads: tables without which it has nothing to say; see `TABLES`, or names of probes.
        findings: what it finds.
        facts: of the figures that are made here.
        metrics: modules whose registered metrics it reports; importing them registers these.
        interim: whether it is repeated at every interim analysis, with intervals for that.
        package: that brought it; empty for analyses of xaudit.
    """

    name: str
    order: int
    reads: frozenset[str]
    findings: Callable[[Material], Iterable[Finding]]
    facts: Callable[[], Iterable[MetricFacts]] = tuple
    metrics: tuple[ModuleType, ...] = ()
    interim: bool = True
    package: str = ""

    def described(self) -> tuple[MetricFacts, ...]:
        """Facts of its figures; those of another package have a heading of their own."""
        facts = tuple(self.facts())
        if not self.package:
            return facts
        return tuple(replace(fact, family=ADDED, package=self.package) for fact in facts)


ANALYSES: Registry[Analysis] = Registry("analysis", entry_points="xaudit.analyses")


def analyses() -> tuple[Analysis, ...]:
    """All analyses, in the order of their findings."""
    _load_built_in()
    return tuple(sorted((ANALYSES[name] for name in ANALYSES), key=lambda one: one.order))


def as_analysis(
    name: str,
    order: int,
    reads: Iterable[str],
    *,
    facts: Callable[[], Iterable[MetricFacts]] = tuple,
    metrics: tuple[ModuleType, ...] = (),
    interim: bool = True,
) -> Callable[[Callable[[Material], Iterable[Finding]]], Callable[[Material], Iterable[Finding]]]:
    """Register a function of the material as an analysis; see `Analysis`."""

    def registered(
        findings: Callable[[Material], Iterable[Finding]],
    ) -> Callable[[Material], Iterable[Finding]]:
        package = findings.__module__.partition(".")[0]
        package = "" if package == _OURS else package
        made = Analysis(name, order, frozenset(reads), findings, facts, metrics, interim, package)
        if package:
            # What is wrong with its facts is said now, not after the hours of a run.
            made.described()
        ANALYSES.add(name, made)
        return findings

    return registered


def tables_of(material: Material) -> frozenset[str]:
    """The tables of an audit of a network; some are there only where the study has a use for them.

    A probe of xaudit that found nothing wrote no table, as a saved audit has none.
    """
    found = (name for name, rows in material.probed.items() if rows or name not in OURS)
    return frozenset((*TABLES, *found, *declared_tables(material)))


def declared_tables(material: Material) -> tuple[str, ...]:
    """Those that an audit of a network or of predictions has where the audit file declares them."""
    declared = {TYPES: bool(material.types), SUBTLETY: material.subtlety is not None}
    return tuple(name for name, there in declared.items() if there)


def analyzed(
    material: Material, tables: Iterable[str]
) -> Iterator[tuple[Analysis, Iterable[Finding]]]:
    """Every analysis whose tables are there, and what it finds; nothing is computed ahead."""
    there = frozenset(tables)
    for analysis in analyses():
        if analysis.reads <= there:
            yield (
                analysis,
                _of_package(analysis, material)
                if analysis.package
                else analysis.findings(material),
            )


def _of_package(analysis: Analysis, material: Material) -> tuple[Finding, ...]:
    """What an analysis of another package finds; a fault of it is a reason without a value."""
    names = {fact.name for fact in analysis.facts()}
    try:
        found = tuple(analysis.findings(material))
        strange = sorted({finding.metric for finding in found} - names)
        reason = f"{strange[0]} is none of its facts" if strange else ""
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    if not reason:
        return found
    missing = Estimate.missing(
        Message("the package {package} failed: {reason}", package=analysis.package, reason=reason)
    )
    return tuple(Finding(name, {}, missing) for name in sorted(names))


def _load_built_in() -> None:
    for room in _ROOMS:
        for module in pkgutil.iter_modules(importlib.import_module(room).__path__):
            importlib.import_module(f"{room}.{module.name}")
