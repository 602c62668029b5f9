"""Examinations, written down: which images were taken together, and how their scores are joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xaudit.audit.plan.plan import Plan
from xaudit.audit.probes.port import Piece, Probe, as_probe
from xaudit.audit.scores.probe_tables import EXAMINATIONS
from xaudit.audit.store.store import ProbeRow
from xaudit.core.case import PreparedCase

STAGE = "examinations"
MEMBER = "examination"


@as_probe(EXAMINATIONS)
class Examinations(Probe):
    """A row for each case: the rule, and the first case of its examination, which names it.

    How a hospital calls an examination is private, and is not written down.
    """

    order = 70

    def pieces(self) -> Sequence[Piece]:
        """One, without images; none where no rule is declared."""
        plan = self.audited.plan
        if plan.config.data.examinations is None:
            return []
        return [Piece(STAGE, (), "", 0, len(plan.study.cases))]

    def rows(self, piece: Piece, cases: Sequence[PreparedCase]) -> Iterator[ProbeRow]:
        """Every case of the plan that belongs to an examination."""
        del piece, cases
        plan = self.audited.plan
        members = [case for case in plan.study.cases if case.examination is not None]
        first: dict[str | None, str] = {}
        for case in members:
            known = first.get(case.examination, case.case_id)
            first[case.examination] = min(known, case.case_id)
        rule = plan.config.data.examinations or ""
        for case in members:
            yield ProbeRow(case.case_id, "", MEMBER, rule, first[case.examination], 1.0, None)

    @classmethod
    def workload(cls, plan: Plan, layers: Sequence[str]) -> Mapping[str, float]:
        """Cases."""
        return {STAGE: len(plan.study.cases) if plan.config.data.examinations else 0}
