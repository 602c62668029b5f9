"""The plan of an audit, fixed before the first pixel is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from xaudit import __version__
from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.data_config import DataConfig, IntersectionsConfig
from xaudit.audit.config.device import read_device
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.case_mix import check_case_mix
from xaudit.audit.performance.types import check_types, type_issues
from xaudit.audit.plan.fold_plan import (
    check_folds,
    folds_of_cases,
    hash_of_folds,
    issues_of_folds,
    shards_of,
)
from xaudit.audit.plan.interim_plan import (
    FOLDS_NOTE,
    SHARD_CASES,
    Shards,
    interim_note,
    larger,
    plan_interim,
    unread,
    unread_note,
)
from xaudit.audit.plan.profile import Limit, draw_cases
from xaudit.audit.plan.sample import draw_background, draw_sample
from xaudit.audit.store.files import read_json, sha256_of, to_json, write_text
from xaudit.audit.store.patient_key import PatientKey
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.version_1 import with_former_names
from xaudit.core.case import Case, CaseIssue, Study
from xaudit.core.detector import Views
from xaudit.core.record.interim import InterimPlan
from xaudit.core.record.policy import Policy
from xaudit.data.pixels.near_duplicates import near_duplicates
from xaudit.data.prepare import study_fingerprint
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import ConfigError
from xaudit.fairness.groups import levels
from xaudit.fairness.intersections import with_intersections
from xaudit.gate.policies.policy import read_policy
from xaudit.models.files.file_kinds import no_file
from xaudit.models.files.hashed import weights_sha256
from xaudit.models.files.onnx_outline import files_beside
from xaudit.models.spec import TORCH, DetectorSpec

NOT_PLANNED = {"policy", "device", "acknowledge"}
"""Keys of audit files that are no part of the planned configuration."""
_LATER = ("consensus", "types", "subtlety", "examinations")
"""Keys of the data without which plans of before were fixed; absent where nothing is declared."""
_DRAWN = ("boxes", "masks")
"""Likewise, of the output."""
_NOT_OF_SPEC = {"types", "subtlety", "dates", "intersections", "near_duplicates"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan record and the study that it speaks of."""

    record: PlanRecord
    config: AuditConfig
    study: Study


def data_spec(data: DataConfig, views: Views | None = None) -> DataSpec:
    """The part of the configuration that says which study is read."""
    values = {name: value for name, value in data if name not in _NOT_OF_SPEC}
    return DataSpec(**values, views=views)


def portable_data(data: DataConfig) -> dict[str, Any]:
    """The same without paths of this machine."""
    plain: dict[str, Any] = data.model_dump(mode="json", exclude={"root"})
    for name in _LATER:
        if not plain[name]:
            del plain[name]
    if data.manifest is not None:
        plain["manifest"] = data.manifest.name
    return plain


def detector_spec(config: AuditConfig) -> DetectorSpec:
    """The part of the configuration that says which detector is loaded."""
    detector = config.detector
    return DetectorSpec(
        name=detector.name,
        version=detector.version,
        architecture=detector.architecture,
        weights=detector.weights,
        arguments=detector.arguments,
        input=detector.input,
        output=detector.output.resolve(),
        target_layer=detector.target_layer,
        weights_key=detector.weights_key,
        weights_prefix=detector.weights_prefix,
        weights_leave_out=detector.weights_leave_out,
        allow_code=detector.allow_code,
        format=detector.format,
        env=detector.env,
        sandbox=detector.sandbox,
    )


def portable_statistics(statistics: StatisticsConfig) -> dict[str, Any]:
    """The part that says how numbers are made; as before there was a rule for boxes, by default."""
    plain: dict[str, Any] = statistics.model_dump(mode="json")
    if statistics.hit == StatisticsConfig().hit:
        del plain["hit"]
    return plain


def make_plan(config: AuditConfig, limit: Limit, env: Collection[str] = ()) -> Plan:
    """Read the study's list, the policy and the declared facts, and fix what will be done.

    Args:
        config: with absolute paths.
        limit: audit at most so many cases, stratified by label; see `draw_cases`.
        env: environment variables that policy and declared facts may read.

    Raises:
        ConfigError: the study, the policy or the declared facts cannot be used.
    """
    study = load_study(data_spec(config.data, config.detector.input.views))
    device = read_device(config.device, env)
    if not study.cases:
        raise ConfigError(f"{config.data.root}: the study has no usable case; see `xaudit check`")
    folds, column = config.detector.folds, study.site_column
    everyone = [_with_site(case, column) for case in study.cases]
    check_folds(folds, everyone)
    policy = read_policy(config.policy, env) if config.policy else None
    several = limit == "ci" and policy is not None and folds is None and not unread(policy)
    inflation = larger(config.interim) if several else 1.0
    minimum = config.statistics.minimum
    selected = draw_cases(study.cases, limit, policy, minimum, config.seed, inflation)
    cases, explain = selected.cases, config.explain
    size = explain.cases if explain.methods else 0
    sited = [_with_site(case, column) for case in cases]
    shards, interim, notes = _shards(config, sited, limit, policy)
    sample = draw_sample(cases, size, explain.positives, config.seed)
    record = PlanRecord(
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        xaudit_version=__version__,
        config=_portable(config),
        files=_hashes(config, study),
        sample=sample,
        background=draw_background(cases, explain.background, sample, config.seed),
        shards=shards,
        policy=policy,
        declared=device.texts,
        statements=device.statements,
        limit=selected.limit,
        notes=(*selected.notes, *notes),
        interim=interim,
    )
    crossed = tuple(_crossed(sited, config.data.intersections))
    audited = replace(
        study, cases=crossed, issues=(*study.issues, *issues_of_folds(folds, everyone))
    )
    check_case_mix(config.statistics, (case.groups for case in audited.cases))
    if config.data.types or config.data.subtlety:
        audited = replace(audited, issues=(*audited.issues, *_types(config.data, everyone)))
    if config.data.near_duplicates:
        audited = replace(audited, issues=(*audited.issues, *_further_copies(study, cases)))
    return Plan(with_identity(record), config, audited)


def _shards(
    config: AuditConfig, cases: Sequence[Case], limit: Limit, policy: Policy | None
) -> tuple[Shards, InterimPlan | None, tuple[str, ...]]:
    """In which order the cases are computed, when it is analyzed, and that in words."""
    folds = config.detector.folds
    fold_of = folds_of_cases(folds, cases) if folds else {}
    plain = shards_of([case.case_id for case in cases], fold_of, SHARD_CASES)
    if limit != "ci" or policy is None:
        return plain, None, ()
    if folds is not None:
        return plain, None, (FOLDS_NOTE,)
    closed = unread(policy)
    if closed:
        return plain, None, (unread_note(closed),)
    found = plan_interim(cases, config.interim, config.seed)
    return (plain, None, ()) if found is None else (*found, (interim_note(found[1]),))


def _types(data: DataConfig, cases: Sequence[Case]) -> tuple[CaseIssue, ...]:
    """What is strange about declared types of fracture, and how hard they are to see."""
    labels = np.array([case.label for case in cases], dtype=bool)
    columns = levels([case.groups for case in cases])
    check_types(data.types, labels, columns, data.subtlety)
    subtle = () if data.subtlety is None else (data.subtlety.column,)
    declared = dict.fromkeys((*data.types, *subtle))
    return tuple(type_issues(declared, labels, columns, [case.case_id for case in cases]))


def _further_copies(study: Study, cases: Sequence[Case]) -> Iterator[CaseIssue]:
    """Images that show the same picture, without those whose files are the same to the byte."""
    known = {issue.case_id for issue in study.issues if issue.kind == "duplicate"}
    return (issue for issue in near_duplicates(cases) if issue.case_id not in known)


def _with_site(case: Case, column: str | None) -> Case:
    """The site is a group like any other, whether or not it was listed as one."""
    if column is None or case.site is None or column in case.groups:
        return case
    return replace(case, groups={**case.groups, column: case.site})


def _crossed(cases: Sequence[Case], crossed: IntersectionsConfig | None) -> Iterator[Case]:
    """The cases with the intersections of their groups."""
    if crossed is None:
        yield from cases
        return
    known = {column for case in cases for column in case.groups}
    unknown = [column for column in crossed.of if column not in known]
    if unknown:
        raise ConfigError(f"data.intersections.of: no group {unknown}; there is: {sorted(known)}")
    for case in cases:
        yield replace(case, groups=with_intersections(case.groups, crossed.of, crossed.depth))


def with_codes(plan: Plan, key: PatientKey) -> Plan:
    """The plan with codes for patients: what is written down later knows no others."""
    return replace(plan, study=replace(plan.study, cases=key.coded(plan.study.cases)))


def fix_record(record: PlanRecord, folder: Path) -> None:
    """Write ``plan.json``, unless it is there; nothing is refused any more by then.

    Args:
        record: from `same_record`.
        folder: of the audit.

    Raises:
        AuditError: the folder cannot be written.
    """
    path = folder / "plan.json"
    if not path.exists():
        write_text(path, to_json(record))


def same_record(record: PlanRecord, folder: Path, key: PatientKey) -> PlanRecord:
    """The record that the folder holds, or this one where it holds none; nothing is written.

    Args:
        record: of the plan.
        folder: of the audit.
        key: of the codes that its patients get, where the audit begins.

    Raises:
        ConfigError: the folder holds an audit that differs, and in what.
    """
    path, record = folder / "plan.json", replace(record, key=key.id)
    if not path.exists():
        return record
    there = read_json(path, PlanRecord)
    if there.identity not in identities(there):
        raise ConfigError(
            f"{path}: was changed after it was written; restore it, or choose another --out"
        )
    if there.identity != record.identity:
        raise ConfigError(
            f"{folder}: holds another audit; different: {', '.join(_differences(there, record))}. "
            "Choose another --out, or delete the folder"
        )
    return there


def refuse_other_key(folder: Path, record: PlanRecord, key: PatientKey) -> None:
    """Refuse to go on in an audit whose patients have codes of another key.

    Raises:
        ConfigError: one patient would be counted as two.
    """
    if record.key != key.id:
        raise ConfigError(
            f"{folder}: its patients have codes of the key {record.key or 'of an older version'}, "
            f"this key is {key.id}: one patient would count as two. Name the key with which the "
            "audit began (--keep-key FILE), or begin in a new folder"
        )


def with_identity(record: PlanRecord) -> PlanRecord:
    """The record with the hash of all that it fixes."""
    return replace(record, identity=identities(record)[0])


def identities(record: PlanRecord) -> tuple[str, str]:
    """Hash of all that a plan fixes, and the one under the names that its keys had before."""
    fixed = replace(record, created="", identity="", key="")
    return sha256_of(fixed), sha256_of(fixed, with_former_names)


def _differences(there: PlanRecord, record: PlanRecord) -> list[str]:
    names = [field.name for field in fields(PlanRecord) if field.name not in _NOT_COMPARED]
    return [name for name in names if getattr(there, name) != getattr(record, name)]


_NOT_COMPARED = {"created", "identity", "key"}


def _portable(config: AuditConfig) -> Mapping[str, object]:
    """The configuration without the paths of this machine; contents are hashed instead.

    What is acknowledged computes nothing: it stands in ``suspicions.json``, and an audit that was
    carried out is not carried out again for it.
    """
    plain: dict[str, Any] = config.model_dump(mode="json", exclude=NOT_PLANNED)
    plain["data"] = portable_data(config.data)
    plain["statistics"] = portable_statistics(config.statistics)
    output = plain["detector"]["output"]
    plain["detector"]["output"] = {
        name: one for name, one in output.items() if one or name not in _DRAWN
    }
    if not plain["detector"]["input"]["views"]:
        del plain["detector"]["input"]["views"]
    weights = config.detector.weights
    plain["detector"]["weights"] = weights.name if weights else None
    if config.detector.folds is not None:
        del plain["detector"]["weights"]
        for fold, path in config.detector.folds.weights.items():
            plain["detector"]["folds"]["weights"][fold] = path.name
    for name, path in _other_weights(config).items():
        place, _, number = name.partition(" ")
        checks = plain["explain"]["checks"]
        if number:
            checks[place][int(number)] = path.name
        else:
            checks[place] = path.name
    return plain


def _other_weights(config: AuditConfig) -> Mapping[str, Path]:
    """Weights that only checks of the explanations load."""
    checks = config.explain.checks
    shuffled = {"shuffled_labels": checks.shuffled_labels} if checks.shuffled_labels else {}
    return shuffled | {f"retrained {at}": path for at, path in enumerate(checks.retrained)}


def _hashes(config: AuditConfig, study: Study) -> dict[str, str]:
    folds = config.detector.folds
    weights = config.detector.weights
    own = {"weights": weights} if weights else {}
    if folds is not None:
        own = {f"weights of fold {fold}": path for fold, path in folds.weights.items()}
    paths = own | dict(_other_weights(config))
    folders = config.detector.format != TORCH
    hashes = {name: _hash_of_weights(path, name, folders) for name, path in paths.items()}
    if config.detector.format != TORCH:
        # The file of a model may hold no more than the names of files with its values.
        further = {
            f"{name}, {one.relative_to(path.parent).as_posix()}": one
            for name, path in paths.items()
            for one in files_beside(path)
        }
        hashes |= {name: _hash_of_weights(path, name, folders) for name, path in further.items()}
    if folds is not None:
        hashes["weights"] = hash_of_folds({name: hashes[name] for name in own})
    return {"study": study_fingerprint(study)} | hashes


def _hash_of_weights(path: Path, name: str, folders: bool) -> str:
    """The hash of a file, or of a folder where the format may have one."""
    what = None if folders and path.is_dir() else no_file(path)
    if what is not None:
        raise ConfigError(what)
    try:
        return weights_sha256(path)
    except OSError as error:
        key = "explain.checks"
        if name.startswith("weights"):
            key = "detector.weights" if name == "weights" else "detector.folds"
        raise ConfigError(f"{path}: weights cannot be read: {error.strerror}; see {key}") from None
