"""``--profile ci``: a sample just large enough for the rules of the policy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from xaudit.audit.plan.sample import Listed, limit_study
from xaudit.core.case import NOT_RECORDED
from xaudit.core.message import Message
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.judging.sizes import Need, planned_need
from xaudit.gate.policies.match import EVERY

Limit = int | Literal["ci"] | None
"""At most so many cases; or as many as the policy needs; or all of them."""
_STEP = 100


class Sampled(Listed, Protocol):
    """What a profile may see of a case."""

    @property
    def patient(self) -> str:
        """The independent unit."""


One = TypeVar("One", bound=Sampled)


@dataclass(frozen=True, slots=True)
class Selection(Generic[One]):
    """The cases of an audit.

    Attributes:
        cases: in the study's order.
        limit: how many were kept; None for all of them.
        notes: what the sample was sized for, and what it cannot decide; for a reader.
    """

    cases: Sequence[One]
    limit: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Demand:
    """What one rule needs of one group of cases."""

    rule: str
    where: tuple[str, str] | None
    need: Need

    def met(self, cases: Sequence[Sampled]) -> bool:
        """Whether there are so many patients with cases of either kind."""
        found = _patients(cases, self.where)
        return found[0] >= self.need.positives and found[1] >= self.need.negatives


def draw_cases(
    cases: Sequence[One],
    limit: Limit,
    policy: Policy | None,
    minimum: tuple[int, int],
    seed: int,
    inflation: float = 1.0,
) -> Selection[One]:
    """The cases of an audit, sampled by label in the study's proportion before any image is read.

    Args:
        cases: of the study.
        limit: how many, or "ci" for the smallest sample in which every rule whose size can be
            planned is decided with 80 % power, if the whole study can decide it.
        policy: whose rules are read; needed for "ci".
        minimum: positives below which no verdict is read stand second.
        seed: of the plan.
        inflation: how many times the cases of a single analysis several need together.

    Raises:
        ConfigError: "ci" without a policy.
    """
    if limit is None:
        return Selection(cases, None)
    if limit != "ci":
        return Selection(limit_study(cases, limit, seed), limit)
    if policy is None:
        raise ConfigError(
            "--profile ci sizes the sample by the rules of a policy; name one with `policy:` in "
            "the audit file, or use --limit"
        )
    demands = [
        demand for rule in policy.rules for demand in _demands(rule, cases, minimum[1], inflation)
    ]
    possible = [demand for demand in demands if demand.met(cases)]
    kept = _smallest(cases, possible, seed)
    fewer = len(kept) if len(kept) < len(cases) else None
    return Selection(kept, fewer, tuple(_notes(policy, demands, possible, cases)))


def _smallest(cases: Sequence[One], demands: Sequence[_Demand], seed: int) -> tuple[One, ...]:
    """The first sample, in steps of a hundredth of the study, that meets every demand."""
    if not demands:
        return tuple(cases)
    for step in range(1, _STEP):
        selected = limit_study(cases, -(-len(cases) * step // _STEP), seed)
        if all(demand.met(selected) for demand in demands):
            return selected
    return tuple(cases)


def _demands(
    rule: Rule, cases: Sequence[Sampled], minimum: int, inflation: float
) -> Iterator[_Demand]:
    if rule.where.keys() - {"operating_point", "analysis", "group", "level"}:
        return
    prevalence = sum(case.label for case in cases) / len(cases)
    need = planned_need(rule, prevalence) if 0 < prevalence < 1 else None
    if need is None:
        return
    enough = Need(
        max(math.ceil(need.positives * inflation), minimum if need.positives else 0),
        max(math.ceil(need.negatives * inflation), minimum if need.negatives else 0),
        need.assumed,
    )
    group, level = rule.where.get("group"), rule.where.get("level")
    if group is None:
        yield _Demand(rule.id, None, enough)
        return
    there = sorted(
        {(column, level or NOT_RECORDED) for case in cases for column, level in case.groups.items()}
    )
    for column, value in there:
        if group in (*EVERY, column) and level in (*EVERY, value):
            yield _Demand(rule.id, (column, value), enough)


def _patients(cases: Sequence[Sampled], where: tuple[str, str] | None) -> tuple[int, int]:
    """Patients with a positive case, and with a negative one: cases of one patient are alike."""
    inside = [
        case
        for case in cases
        if where is None or (case.groups.get(where[0]) or NOT_RECORDED) == where[1]
    ]
    kinds = [{case.patient for case in inside if case.label is kind} for kind in (True, False)]
    return len(kinds[0]), len(kinds[1])


def _notes(
    policy: Policy,
    demands: Sequence[_Demand],
    possible: Sequence[_Demand],
    cases: Sequence[Sampled],
) -> Iterator[str]:
    """What the sample is for; what no sample of this study decides; what was not planned."""
    if possible:
        rules = sorted({one.rule for one in possible})
        yield Message("Sized so that {rules} can be decided with 80 % power.", rules=rules)
    for demand in demands:
        if demand not in possible:
            found = _patients(cases, demand.where)
            where = {"group": " ".join(demand.where)} if demand.where else {}
            yield Message(
                _UNDECIDED_IN if where else _UNDECIDED,
                rule=demand.rule,
                **where,
                needed=_kinds(demand.need.positives, demand.need.negatives),
                assumed=demand.need.assumed,
                there=_kinds(*found),
            )
    planned = {demand.rule for demand in demands}
    rest = [rule.id for rule in policy.rules if rule.id not in planned]
    if rest:
        yield Message("No size was planned for {rules}.", rules=rest)


_UNDECIDED = (
    "{rule} cannot be decided with 80 % power even by the whole study: {needed} needed "
    "({assumed}), {there} there."
)
_UNDECIDED_IN = (
    "{rule} in {group} cannot be decided with 80 % power even by the whole study: {needed} needed "
    "({assumed}), {there} there."
)


def _kinds(positives: int, negatives: int) -> Message:
    if positives == 1:
        return Message("1 patient with a fracture and {m} without", m=negatives)
    return Message("{n} patients with a fracture and {m} without", n=positives, m=negatives)
