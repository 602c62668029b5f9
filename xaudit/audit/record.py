"""``plan.json``: what was fixed before the run; read without the detector's libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xaudit.core.policy import Policy
from xaudit.core.statements import Statements


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """``plan.json``: everything that decides the results, and the policy that judges them.

    Attributes:
        identity: hash of all fields but ``created``; a run goes on only under the same one.
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
    notes: tuple[str, ...] = ()
    statements: Statements = field(default_factory=Statements)
