"""Findings of a saved audit, recomputed from its rows; neither detector nor study is needed.

What only the detector or the study could tell (parameters of the network, annotated outlines,
how many cases the study lists, versions of packages) is taken as the audit states it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.former_names import of_today
from xaudit.audit.gallery.gallery import Gallery
from xaudit.audit.plan.plan import Plan
from xaudit.audit.scores.probe_tables import read_probed
from xaudit.audit.store.case_columns import CaseColumns
from xaudit.audit.store.provenance import LEFT_OUT, MODEL_BY, MODEL_LIMITS, SANDBOX, SERVICE
from xaudit.audit.store.record import PlanRecord, read_interim
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.audit.summary.summarize import Evidence, summarize
from xaudit.audit.suspicions.suspicions import read_noticed
from xaudit.core.attribution import Parameter
from xaudit.core.case import Case, CaseIssue, PreparedCase, Study
from xaudit.core.detector import OperatingPoint, Taken
from xaudit.core.grid import Grid
from xaudit.core.record.finding import Findings, GalleryCase
from xaudit.data.image_file import ImageFile
from xaudit.data.predictions.read import ScoredStudy
from xaudit.pipeline.predictions import PredictionsPlan, summarize_predictions
from xaudit.pipeline.recorded import About, stored_config

NO_LAYER = "none returns a feature map"
_COMPUTED = (
    "weights taken", "computed on", "images at once", "number format", SERVICE, LEFT_OUT, MODEL_BY,
    MODEL_LIMITS, SANDBOX,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditOnDisk:
    """An audit as it lies on disk.

    Attributes:
        folder: of the audit.
        record: what was planned.
        stated: its findings, as they are written.
        results: the rows of every shard.
    """

    folder: Path
    record: PlanRecord
    stated: Findings
    results: Results

    def recompute(self) -> Findings:
        """The findings, from the rows and the plan, on the path that the run took.

        Raises:
            AuditError: a table is damaged.
            pydantic.ValidationError: the plan holds no configuration of this version.
        """
        alone = self.stated.detector.format == "predictions"
        computed = self._of_predictions() if alone else self._of_network()
        files = {f"{name} SHA-256": digest for name, digest in self.record.files.items()}
        return replace(computed, provenance=dict(self.stated.provenance) | files)

    def config(self) -> AuditConfig:
        """What was planned for a network; its paths lead nowhere."""
        plain: dict[str, Any] = of_today(self.record.config)
        return AuditConfig.model_validate(plain | {"data": plain["data"] | {"root": Path()}})

    def points(self) -> tuple[OperatingPoint, ...]:
        """Operating points of the plan."""
        alone = self.stated.detector.format == "predictions"
        config = stored_config(self.record.config) if alone else self.config()
        return tuple(point.resolve() for point in config.detector.operating_points)

    def gallery(self) -> Gallery:
        """Chooses the cases that the card shows, as the run did."""
        config, store = self.config(), Store(self.folder)
        return Gallery(
            self.results,
            {case.case_id: case for case in self._cases()},
            config.detector.input,
            self.points(),
            # The plan is stored by the alphabet; the findings keep the order of the run.
            tuple(
                method.name
                for method in self.stated.methods
                if method.name in config.explain.methods
            ),
            config.explain.gallery,
            Results.beyond(store, self.record),
        )

    def _of_network(self) -> Findings:
        plan = Plan(self.record, self.config(), self._study())
        evidence = Evidence(
            self.results,
            read_probed(self.folder),
            self._shown(),
            read_interim(self.folder),
            read_noticed(self.folder),
            # Where boxes lie on a picture, only the study could tell.
            self.stated.boxes,
        )
        return summarize(plan, _Ran.of(self.stated, self.record), evidence)

    def _of_predictions(self) -> Findings:
        rows = self.results.cases
        scored = ScoredStudy((), self._issues_of_study(), self.stated.accountability.listed)
        config = stored_config(self.record.config)
        about = About.stated(self.stated.study, getattr(config.data, "folds", None) or "")
        plan = PredictionsPlan(self.record, config, scored, about, CaseColumns.of(rows))
        computed = summarize_predictions(plan, self.record, self.results, read_noticed(self.folder))
        # Of which splits the rows were is not kept: a warning about them is taken as stated.
        warnings = computed.detector.warnings
        more = (warning for warning in self.stated.detector.warnings if warning not in warnings)
        return replace(computed, detector=replace(computed.detector, warnings=(*warnings, *more)))

    def _cases(self) -> tuple[Case, ...]:
        column = self.stated.study.site_column
        return tuple(
            Case(
                row.case_id,
                row.patient,
                row.label,
                ImageFile(Path()),
                site=(row.groups.get(column) if column else None) or None,
                groups=row.groups,
            )
            for row in self.results.cases
        )

    def _study(self) -> Study:
        stated = self.stated.study
        return Study(
            name=stated.name,
            cases=self._cases(),
            issues=self._issues_of_study(),
            source=stated.source,
            license=stated.license,
            unit=stated.unit,
            unit_note=stated.unit_note,
            site_column=stated.site_column,
            listed=self.stated.accountability.listed,
        )

    def _issues_of_study(self) -> tuple[CaseIssue, ...]:
        """Those before the issues of the rows; the rows' own are read from the shards."""
        own = len(list(CaseColumns.of(self.results.cases).issues()))
        issues = self.stated.accountability.issues
        return issues[: len(issues) - own]

    def _shown(self) -> tuple[GalleryCase, ...]:
        stated = {case.case_id: case for case in self.stated.gallery}
        gallery = self.gallery()
        shown = []
        for choice in gallery.choose():
            case = gallery.case(choice, _unseen(gallery.cases[choice.row.case_id]))
            there = stated.get(case.case_id)
            shown.append(replace(case, outlines=there.outlines if there else ()))
        return tuple(shown)


def _unseen(case: Case) -> PreparedCase:
    """A case without its pixels: what the card says of it needs none."""
    return PreparedCase(
        case,
        np.zeros((1, 1, 1), dtype=np.float32),
        np.zeros((0, 1, 1), dtype=bool),
        np.zeros((1, 1), dtype=bool),
        Grid((1, 1)),
        Grid((1, 1)),
    )


@dataclass(frozen=True, slots=True)
class _Layer:
    name: str


@dataclass(frozen=True, slots=True)
class _Method:
    name: str
    library: str
    question: str
    params: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class _Detector:
    weights_sha256: str | None
    parameter_count: int | None
    target_layer: _Layer | None
    taken: Taken
    source: str | None
    stated: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Ran:
    """What ran, as the audit states it; satisfies `xaudit.audit.summary.run_facts.Ran`."""

    detector: _Detector
    explainers: tuple[_Method, ...]
    described: Mapping[str, str]

    @classmethod
    def of(cls, stated: Findings, record: PlanRecord) -> _Ran:
        one = stated.detector
        layer = None if one.target_layer in {None, NO_LAYER} else _Layer(str(one.target_layer))
        return cls(
            _Detector(
                record.files.get("weights"),
                one.parameters,
                layer,
                one.taken or Taken(),
                one.elsewhere,
                one.stated,
            ),
            tuple(
                _Method(each.name, each.library, each.question, each.params)
                for each in stated.methods
                if not each.reference
            ),
            {name: stated.provenance[name] for name in _COMPUTED if name in stated.provenance},
        )
