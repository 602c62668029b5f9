"""Interim analyses of a run, which stops where every rule is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from xaudit.audit.plan.plan import Plan
from xaudit.audit.run.engine import Engine
from xaudit.audit.run.parts import Part
from xaudit.audit.run.shards import Run, run_shards
from xaudit.audit.store.files import kept_json, to_json, write_text
from xaudit.audit.store.hashes import CASES, refuse_changed
from xaudit.audit.store.record import INTERIM
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.audit.summary.summarize import Evidence, summarize
from xaudit.compare.baseline import PairedBaseline
from xaudit.compare.same_cases import SavedAudit
from xaudit.core.record.finding import Findings
from xaudit.core.record.interim import InterimAnalyses, InterimAnalysis
from xaudit.core.record.policy import Outcome, Policy
from xaudit.gate.judging.verdict import judge
from xaudit.stats.multiple.group_sequential import repeated_level


def run_interim(
    part: Part, run: Run, baseline: SavedAudit | None
) -> tuple[Plan, InterimAnalyses | None]:
    """Score and explain, and at each analysis read the rules; stop where all are decided.

    An analysis that an earlier run made is not made again.

    Args:
        part: the detector and all cases.
        run: of the audit.
        baseline: audit that rules compare with at the analyses; without one such rules are never
            decided.

    Returns:
        The plan as far as it was carried out, and the analyses; None where none was planned.

    Raises:
        ConfigError: the baseline is not of the same cases.
        AuditError: the disk is full, or a shard is damaged.
    """
    plan, folder = part.plan, run.folder
    policy, planned = plan.record.policy, plan.record.interim
    if planned is None or policy is None:
        run_shards(part, run)
        return plan, None
    reader = _Reader(part.engine, folder, policy, baseline)
    interim = kept_json(folder / INTERIM, InterimAnalyses)
    for number in range(1, len(planned.shards) + 1):
        if interim is None or len(interim.made) < number:
            so_far = replace(plan, record=plan.record.up_to(number))
            run_shards(replace(part, plan=so_far), run)
            interim = reader.read(so_far, interim, number)
            write_text(folder / INTERIM, to_json(interim))
        if not interim.made[number - 1].undecided:
            break
    return _carried_out(plan, number), interim


def read_baseline(plan: Plan, folder: Path | None) -> SavedAudit | None:
    """The audit that rules compare with at the analyses of a plan; None where nobody asks for it.

    Raises:
        ConfigError: what `xaudit gate` would refuse decides no analysis either.
    """
    if folder is None or plan.record.interim is None:
        return None
    refuse_changed(folder, CASES)
    return SavedAudit.read(folder)


def _carried_out(plan: Plan, number: int) -> Plan:
    """The plan up to an analysis: what comes afterwards sees no other cases."""
    record = plan.record.up_to(number)
    audited = {case_id for ids in record.shards for case_id in ids}
    cases = tuple(case for case in plan.study.cases if case.case_id in audited)
    return replace(plan, record=record, study=replace(plan.study, cases=cases))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the rules at an analysis."""

    engine: Engine
    folder: Path
    policy: Policy
    old: SavedAudit | None

    def read(self, part: Plan, before: InterimAnalyses | None, number: int) -> InterimAnalyses:
        """Read every rule on the cases so far, at the level of this analysis."""
        planned = part.record.interim
        assert planned is not None
        limit = planned.limits[number - 1]
        this = InterimAnalysis(
            number=number,
            cases=planned.cases[number - 1],
            fraction=planned.fractions[number - 1],
            limit=limit,
            level=repeated_level(limit),
            undecided=(),
            when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        interim = InterimAnalyses(
            planned.spending,
            len(planned.shards),
            planned.cases[-1],
            (*(before.made if before else ()), this),
            self._compared,
        )
        open_rules = tuple(dict.fromkeys(_undecided(self._outcomes(part, interim))))
        return replace(interim, made=(*interim.made[:-1], replace(this, undecided=open_rules)))

    def _outcomes(self, part: Plan, interim: InterimAnalyses) -> tuple[Outcome, ...]:
        plan = _carried_out(part, interim.made[-1].number)
        results = Results.load(Store(self.folder), plan.record)
        if not any(_of_maps(rule.metric, rule.where) for rule in self.policy.rules):
            results = replace(results, scores=(), maps=())
        findings = summarize(plan, self.engine, Evidence(results, interim=interim))
        there = self._baseline(plan, findings, results)
        return judge(self.policy, findings, self.policy.sha256, baseline=there).outcomes

    def _baseline(self, plan: Plan, findings: Findings, results: Results) -> PairedBaseline | None:
        if self.old is None:
            return None
        new = SavedAudit(self.folder, plan.record, findings, results)
        return PairedBaseline.of(new, self.old)

    @property
    def _compared(self) -> str:
        return "" if self.old is None else self.old.findings.audit.plan_sha256


def _of_maps(metric: str, where: Iterable[str]) -> bool:
    return "method" in where or metric == "unexplained_share"


def _undecided(outcomes: Iterable[Outcome]) -> Iterable[str]:
    """Rules that later cases may still decide; what is required may still come."""
    for outcome in outcomes:
        missing = outcome.rule.required and outcome.verdict == "fail"
        if outcome.verdict == "inconclusive" or missing:
            yield outcome.rule.id
