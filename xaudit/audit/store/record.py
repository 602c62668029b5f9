"""``plan.json``: what was fixed before the run; read without the detector's libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from xaudit.audit.store.files import read_json
from xaudit.core.message import Sentence
from xaudit.core.record.interim import InterimAnalyses, InterimPlan
from xaudit.core.record.policy import Policy
from xaudit.core.record.statements import Statements
from xaudit.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """``plan.json``: everything that decides the results, and the policy that judges them.

    Attributes:
        identity: hash of all fields but ``created`` and ``key``; a run goes on only under the same.
        created: ISO 8601, UTC.
        config: the resolved configuration, without the paths of this machine.
        files: what was read → its SHA-256.
        sample: cases that will be explained.
        background: cases without a fracture, outside the sample, that methods compare with.
        shards: case ids, shard by shard.
        policy: the rules, fixed now; None without a policy.
        declared: facts that the maker of the device states.
        statements: what the maker states in a form that a study can contradict.
        limit: cases kept by ``--limit`` or a profile; None for the whole study.
        notes: what a profile sized the sample for, and what it cannot decide.
        interim: when the audit is analyzed while it runs; None for once, at its end.
        key: which key made the codes of its patients; see `PatientKey.id`.
    """

    created: str
    xaudit_version: str
    config: Mapping[str, object]
    files: Mapping[str, str]
    sample: tuple[str, ...]
    shards: tuple[tuple[str, ...], ...]
    policy: Policy | None
    declared: Mapping[str, str]
    limit: int | None
    identity: str = ""
    background: tuple[str, ...] = ()
    notes: tuple[Sentence, ...] = ()
    statements: Statements = field(default_factory=Statements)
    interim: InterimPlan | None = None
    key: str = ""

    def up_to(self, number: int) -> PlanRecord:
        """The plan as far as it was carried out: shards behind an analysis are empty.

        Shards keep their numbers, and the plan its identity.

        Args:
            number: of the analysis, from 1.
        """
        if self.interim is None or number == len(self.interim.shards):
            return self
        count = self.interim.shards[number - 1]
        kept = self.shards[:count]
        audited = {case_id for ids in kept for case_id in ids}
        return replace(
            self,
            shards=(*kept, *((),) * (len(self.shards) - count)),
            sample=tuple(one for one in self.sample if one in audited),
        )


INTERIM = "interim.json"
FORMER_INTERIM = "looks.json"
"""The same file in audits of before."""


def read_interim(folder: Path) -> InterimAnalyses | None:
    """The interim analyses that were made of an audit so far, or None.

    Raises:
        ConfigError: ``interim.json`` is damaged.
    """
    paths = (folder / name for name in (INTERIM, FORMER_INTERIM))
    there = next((path for path in paths if path.exists()), None)
    return None if there is None else read_json(there, InterimAnalyses)


def read_record(folder: Path) -> PlanRecord:
    """``plan.json`` of a finished audit, as far as it was carried out.

    Raises:
        ConfigError: there is no plan, or it is damaged.
    """
    record, interim = read_json(folder / "plan.json", PlanRecord), read_interim(folder)
    if interim is None:
        return record
    planned = 0 if record.interim is None else len(record.interim.shards)
    if not interim.made or not 1 <= interim.made[-1].number <= planned:
        raise ConfigError(
            f"{folder / INTERIM}: tells of an analysis that plan.json does not plan; restore both "
            "files, or make the audit again"
        )
    return record.up_to(interim.made[-1].number)
