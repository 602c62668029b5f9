"""Interim analyses of an audit: when there is one; fixed with the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from xaudit.audit.config.statistics_config import InterimConfig
from xaudit.audit.plan.metrics import metrics_of
from xaudit.audit.plan.profile import Sampled
from xaudit.audit.plan.sample import draw_sample
from xaudit.core.message import Message
from xaudit.core.record.interim import SPENDING_NAMES, InterimPlan
from xaudit.core.record.policy import Policy, Rule
from xaudit.gate.policies.derived import DERIVED
from xaudit.stats.multiple.group_sequential import boundaries, inflation

SHARD_CASES = 24
FOLDS_NOTE = Message("Analyzed once, at its end: every fold has a detector of its own.")
_READ = ("cases", "features", "maps")
"""Tables that grow while an audit runs."""

Shards = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Patient:
    """A patient in place of a case, so that all cases of one come to the same analysis."""

    case_id: str
    label: bool
    groups: Mapping[str, str]


def larger(interim: InterimConfig) -> float:
    """How much larger a sample must be because it is analyzed while it grows; at least 1."""
    return inflation(interim.fractions, boundaries(interim.fractions, interim.spending))


def unread(policy: Policy) -> tuple[str, ...]:
    """Rules that only a finished audit can answer: checks of explanations and degraded images."""
    known = {one.name for one in metrics_of(_READ)}
    return tuple(rule.id for rule in policy.rules if not _read(rule, known))


def _read(rule: Rule, known: Set[str]) -> bool:
    there = rule.metric in DERIVED or rule.metric.removesuffix("_gap") in known
    return rule.at_least is None and there


def plan_interim(
    cases: Sequence[Sampled], interim: InterimConfig, seed: int
) -> tuple[Shards, InterimPlan] | None:
    """Spread the cases over the analyses, and compute the boundaries.

    Each analysis adds a sample of the patients that are left, sampled by label and in proportion to
    the groups before any image is read; so no result can steer what comes next, and every one has
    the study's mixture. Patients are the units: all cases of one come together.

    Args:
        cases: of the audit, in the study's order.
        interim: at which share of the patients; the last one is 1.
        seed: of the plan.

    Returns:
        Case ids, shard by shard, and the analyses; None where there are too few patients for two.
    """
    parts = list(_parts(_patients(cases), interim.fractions, seed))
    if len(parts) < 2:
        return None
    by_analysis = [[case.case_id for case in cases if case.patient in part] for part in parts]
    shards = [list(_shards(ids)) for ids in by_analysis]
    everyone = sum(map(len, parts))
    fractions = tuple(count / everyone for count in _sums(map(len, parts)))
    return tuple(ids for some in shards for ids in some), InterimPlan(
        spending=interim.spending,
        fractions=fractions,
        limits=boundaries(fractions, interim.spending),
        shards=tuple(_sums(map(len, shards))),
        cases=tuple(_sums(map(len, by_analysis))),
    )


def interim_note(plan: InterimPlan) -> str:
    """The interim analyses in a sentence."""
    cases, limits = (_listed(map(str, plan.cases)), _listed(f"{z:.2f}" for z in plan.limits))
    return Message(
        "Analyzed after {cases} cases (spending like {spending}, z = {limits}); it stops where "
        "every rule is decided.",
        cases=cases,
        spending=SPENDING_NAMES[plan.spending],
        limits=limits,
    )


def unread_note(rules: Sequence[str]) -> str:
    """Why there is no interim analysis."""
    return Message(
        "Analyzed once, at its end: {rules} cannot be read on a part of it.", rules=rules
    )


def _patients(cases: Sequence[Sampled]) -> list[_Patient]:
    found: dict[str, _Patient] = {}
    for case in cases:
        there = found.get(case.patient)
        label = case.label or (there is not None and there.label)
        groups = case.groups if there is None else there.groups
        found[case.patient] = _Patient(case.patient, label, groups)
    return list(found.values())


def _parts(
    patients: list[_Patient], fractions: Sequence[float], seed: int
) -> Iterator[frozenset[str]]:
    """The patients that each analysis adds."""
    rest, everyone = patients, len(patients)
    for fraction in fractions:
        size = round(fraction * everyone) - (everyone - len(rest))
        share = sum(one.label for one in rest) / len(rest) if rest else 0.0
        sampled = frozenset(draw_sample(rest, size, share, seed)) if size > 0 else frozenset()
        rest = [case for case in rest if case.case_id not in sampled]
        if sampled:
            yield sampled


def _shards(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(ids), SHARD_CASES):
        yield tuple(ids[start : start + SHARD_CASES])


def _sums(counts: Iterator[int]) -> Iterator[int]:
    total = 0
    for count in counts:
        total += count
        yield total


def _listed(words: Iterator[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
