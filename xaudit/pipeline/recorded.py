"""What a detector said elsewhere, read: a table of scores, or boxes beside a study."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from xaudit.audit.config.boxes_config import FORMAT as BOXES_FORMAT
from xaudit.audit.config.boxes_config import BoxesConfig, read_boxes_config
from xaudit.audit.config.predictions_config import (
    PredictionsConfig,
    placed,
    read_predictions_config,
    recorded_format,
)
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.plan.plan import NOT_PLANNED, data_spec, portable_data, portable_statistics
from xaudit.audit.scores.drawn_boxes import STUDY, found_rows, lesion_rows, rule_row
from xaudit.audit.store.store import ProbeRow
from xaudit.core.boxes import Boxes
from xaudit.core.case import NOT_RECORDED, Case, CaseIssue, Study
from xaudit.core.message import Message, Sentence
from xaudit.core.record.finding import StudyFacts
from xaudit.data.drawn.read import FoundBoxes, read_found_boxes
from xaudit.data.file_hash import file_sha256
from xaudit.data.predictions.read import ScoredStudy, read_predictions
from xaudit.data.predictions.scored import ScoredCases
from xaudit.data.prepare import study_fingerprint
from xaudit.data.study.read import load_study
from xaudit.data.tables.texts import Texts
from xaudit.errors import ConfigError
from xaudit.metrics.scores.examinations import Rule, joined_logit
from xaudit.models.files.hashed import weights_sha256
from xaudit.yaml_file import YamlFile

Config = PredictionsConfig | BoxesConfig


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a study besides its rows.

    Attributes:
        site_column: which column stands for the site; None without sites.
        unit_note: why an image counts as a patient; empty where a patient does.
        folds: how folds were made; empty where there are none.
    """

    name: str
    source: str
    license: str
    dates: str
    unit: Literal["patient", "image"]
    unit_note: Sentence = ""
    site_column: str | None = None
    folds: str = ""

    @classmethod
    def stated(cls, facts: StudyFacts, folds: str = "") -> About:
        """As findings state it."""
        return cls(
            facts.name, facts.source, facts.license, facts.dates, facts.unit, facts.unit_note,
            facts.site_column, folds,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recorded:
    """An audit file, and all that it names.

    Attributes:
        study: what was read, with its cases.
        files: what → SHA-256.
        drawn: rows of boxes; none where scores were recorded.
    """

    config: Config
    study: ScoredStudy
    about: About
    files: Mapping[str, str]
    drawn: Sequence[ProbeRow] = ()

    @property
    def cases(self) -> ScoredCases:
        """The audited cases."""
        assert isinstance(self.study.cases, ScoredCases)
        return self.study.cases

    def drawn_of(self, ids: Collection[str]) -> tuple[ProbeRow, ...]:
        """The rows of boxes that are about these cases, or about all."""
        there = {*ids, STUDY}
        return tuple(row for row in self.drawn if row.case_id in there)


def read_recorded(path: Path, overrides: Overrides) -> Recorded:
    """Read an audit file of recorded answers and what it names.

    Args:
        path: the audit file.
        overrides: what the command line says instead of the file.

    Raises:
        ConfigError: every mistake that was found, in one message.
    """
    config: Config
    boxes = recorded_format(path, overrides.env) == BOXES_FORMAT
    config, file = (read_boxes_config if boxes else read_predictions_config)(path, overrides)
    with _placed(file):
        return _of_boxes(config) if isinstance(config, BoxesConfig) else _of_table(config)


def portable(config: Config) -> dict[str, object]:
    """The configuration without the paths of this machine; what they name is hashed instead."""
    plain: dict[str, Any] = config.model_dump(mode="json", exclude=NOT_PLANNED)
    plain["statistics"] = portable_statistics(config.statistics)
    if isinstance(config, BoxesConfig):
        plain["data"] = portable_data(config.data)
        for name in ("found", "images"):
            there: Path | None = getattr(config.detector, name)
            plain["detector"][name] = there.name if there is not None else None
        return plain
    plain["data"]["table"] = config.data.table.name
    for name in ("types", "subtlety"):
        # As in plans that were fixed before there was such a key.
        if not plain["data"][name]:
            del plain["data"][name]
    return plain


def stored_config(record: Mapping[str, Any]) -> Config:
    """The configuration that a plan holds.

    Raises:
        ValidationError: it is none.
    """
    if record["detector"]["format"] != BOXES_FORMAT:
        return PredictionsConfig.model_validate(record)
    # Where the study lay is not stored, and nothing is read from there.
    return BoxesConfig.model_validate({**record, "data": {"root": ".", **record["data"]}})


@contextmanager
def _placed(file: YamlFile) -> Iterator[None]:
    """Every mistake with its line in the audit file."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError([placed(problem, file) for problem in error.problems]) from None


def _of_table(config: PredictionsConfig) -> Recorded:
    data = config.data
    about = About(
        data.name or data.table.stem, data.source, data.license, data.dates,
        "patient" if data.columns.patient else "image",
        "" if data.columns.patient else Message("The study declares one image per patient."),
        data.columns.site, data.folds or "",
    )  # fmt: skip
    files = {"predictions": file_sha256(data.table) or "unreadable"}
    return Recorded(config, read_predictions(config.spec()), about, files)


def _of_boxes(config: BoxesConfig) -> Recorded:
    data, detector = config.data, config.detector
    study = load_study(data_spec(data))
    if not study.cases:
        raise ConfigError("data: the study has no usable case; see `xaudit check`")
    found = read_found_boxes(detector.spec(), study.cases)
    about = About(
        study.name, study.source, study.license, data.dates, study.unit, study.unit_note,
        study.site_column,
    )  # fmt: skip
    files = {"boxes": weights_sha256(detector.found), "study": study_fingerprint(study)}
    if detector.images is not None:
        files["images"] = weights_sha256(detector.images)
    scored = ScoredStudy(
        _scored(study, found, detector.joined), _issues(study, found), study.listed
    )
    return Recorded(config, scored, about, files, tuple(_drawn(study, found, config)))


def _drawn(study: Study, found: FoundBoxes, config: BoxesConfig) -> Iterator[ProbeRow]:
    yield rule_row(config.statistics.least_iou)
    for case in study.cases:
        yield from lesion_rows(case)
        yield from found_rows(case.case_id, found.of[case.case_id])


def _scored(study: Study, found: FoundBoxes, rule: Rule) -> ScoredCases:
    """The cases as a table of predictions would hold them."""
    cases, columns = study.cases, sorted({name for case in study.cases for name in case.groups})
    sites = [case.site or "" for case in cases]
    return ScoredCases(
        ids=Texts.of(case.case_id for case in cases),
        patients=Texts.of(case.patient for case in cases),
        labels=np.array([case.label for case in cases], dtype=bool),
        logits=np.array([_joined(found.of[case.case_id], rule) for case in cases]),
        levels={name: Texts.of(_level(case, name) for case in cases) for name in columns},
        sites=Texts.of(sites) if any(sites) else None,
    )


def _level(case: Case, column: str) -> str:
    level = case.groups.get(column, "")
    return "" if level == NOT_RECORDED else level


def _joined(boxes: Boxes, rule: Rule) -> float:
    """The logit of an image: without a box, that of a probability of 0."""
    return joined_logit(boxes.ratings, rule) if len(boxes) else -np.inf


def _issues(study: Study, found: FoundBoxes) -> tuple[CaseIssue, ...]:
    """What was noticed; an image that cannot be read has its boxes all the same."""
    noted = (
        issue if issue.effect == "excluded" else replace(issue, effect="noted")
        for issue in study.issues
    )
    return (*noted, *found.issues)
