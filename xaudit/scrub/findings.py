"""Findings without what is personal: every change that a copy makes to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xaudit.core.case import CaseIssue
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import DetectorFacts, Finding, Findings, StudyFacts
from xaudit.core.record.policy import Policy
from xaudit.core.record.scrubbed import REMOVED
from xaudit.core.record.statements import Statements
from xaudit.gate.policies.policy import policy_hash
from xaudit.scrub.groups import ShownNames, is_withheld
from xaudit.scrub.levels import years_only
from xaudit.scrub.texts import TextCleaner

_Key = tuple[str, str, str]
"""Method, column and level."""


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes out what is personal.

    Attributes:
        shown: what groups are called.
        texts: cleans sentences.
        k: patients of a kind that a group has to have.
    """

    shown: ShownNames
    texts: TextCleaner
    k: int

    def findings(self, whole: Findings) -> Findings:
        """Everything that the gate and the card read; without pictures."""
        flow, texts = whole.accountability, self.texts
        visible = self._visible
        return replace(
            whole,
            detector=self._detector(whole.detector),
            study=self._study(whole.study),
            accountability=replace(
                flow,
                sample_why=texts.made(flow.sample_why),
                issues=tuple(self._issues(flow.issues)),
            ),
            findings=tuple(self._estimates(whole.findings)),
            gallery=(),
            boxes={},
            declared={name: texts.written(text) for name, text in whole.declared.items()},
            statements=self.statements(whole.statements),
            claims=tuple(
                replace(claim, claim=texts.made(claim.claim), why=texts.made(claim.why))
                for claim in whole.claims
            ),
            equivalence=tuple(
                replace(one, scope=self.scope(one.scope))
                for one in whole.equivalence
                if visible(one.scope)
            ),
            striking=tuple(
                replace(one, level=self.shown.name(one.group, one.level))
                for one in whole.striking
                if visible({"group": one.group, "level": one.level})
            ),
            suspicions=tuple(
                replace(suspicion, text=texts.made(suspicion.text))
                for suspicion in whole.suspicions
            ),
        )

    def policy(self, policy: Policy) -> Policy:
        """The rules, about groups by their new names, with the hash that they have then."""
        written = self.texts.written
        changed = replace(
            policy,
            rules=tuple(
                replace(rule, where=self.scope(rule.where), reason=written(rule.reason))
                for rule in policy.rules
            ),
            waivers=tuple(
                replace(
                    waiver,
                    where=self.scope(waiver.where),
                    reason=written(waiver.reason),
                    owner=written(waiver.owner),
                )
                for waiver in policy.waivers
            ),
        )
        return replace(changed, sha256=policy_hash(changed))

    def statements(self, statements: Statements) -> Statements:
        """What the maker states, without names and texts."""
        written = self.texts.written
        return replace(
            statements,
            unrecorded=tuple(
                replace(
                    one,
                    why=written(one.why),
                    acceptable=written(one.acceptable),
                    controlled=written(one.controlled),
                )
                for one in statements.unrecorded
            ),
            signatories=tuple(
                replace(
                    signatory,
                    name=written(signatory.name),
                    organization=written(signatory.organization),
                )
                for signatory in statements.signatories
            ),
        )

    def scope(self, scope: Mapping[str, str]) -> dict[str, str]:
        """A scope with the new name of its level."""
        named = dict(scope)
        if "group" in scope and "level" in scope and scope["level"] not in {"*", "worst"}:
            named["level"] = self.shown.name(scope["group"], scope["level"])
        return named

    def _visible(self, scope: Mapping[str, str]) -> bool:
        return not is_withheld(self.scope(scope).get("level", ""))

    def _detector(self, detector: DetectorFacts) -> DetectorFacts:
        def point(one: OperatingPoint) -> OperatingPoint:
            return replace(one, note=self.texts.written(one.note))

        file = detector.weights_file
        return replace(
            detector,
            weights_file=None if file is None else self.texts.written(file),
            operating_points=tuple(map(point, detector.operating_points)),
            warnings=tuple(map(self.texts.made, detector.warnings)),
        )

    def _study(self, study: StudyFacts) -> StudyFacts:
        levels: dict[str, dict[str, tuple[int, int]]] = {}
        for column, counts in study.levels.items():
            levels[column] = {}
            for level, (cases, positives) in counts.items():
                name = self.shown.name(column, level)
                before = levels[column].get(name, (0, 0))
                levels[column][name] = (before[0] + cases, before[1] + positives)
        return replace(
            study,
            source=self.texts.written(study.source),
            unit_note=self.texts.made(study.unit_note),
            dates=years_only(study.dates),
            levels=levels,
        )

    def _issues(self, issues: Sequence[CaseIssue]) -> Iterator[CaseIssue]:
        """Of which kind they are; cases by their number in this list, in the words of nobody."""
        numbers: dict[str, int] = {}
        for issue in issues:
            number = numbers.setdefault(issue.case_id, len(numbers) + 1)
            yield replace(issue, case_id=f"case {number}", detail=REMOVED)

    def _estimates(self, findings: Sequence[Finding]) -> Iterator[Finding]:
        """Every finding; of groups that are left out one for each metric, without a number."""
        few, taken = self._of_few(findings), set[str]()
        for finding in findings:
            named = replace(finding, scope=self.scope(finding.scope))
            if is_withheld(named.scope.get("level", "")) or _key(finding.scope) in few:
                named = replace(named, estimate=self._missing(finding.estimate), positives=None)
                if named.id in taken:
                    continue
                taken.add(named.id)
            yield named

    def _missing(self, estimate: Estimate) -> Estimate:
        return Estimate.missing(
            Message("withheld: a subgroup is shown from {k} patients of a kind on", k=self.k),
            unit=estimate.unit,
        )

    def _of_few(self, findings: Iterable[Finding]) -> set[_Key]:
        """Groups that are shown, but of which few cases were explained, by method.

        What is left out of a column must hold k cases as well, or it follows from the others.
        """
        cells: dict[tuple[str, ...], dict[_Key, int]] = defaultdict(dict)
        for finding in findings:
            if {
                "method",
                "group",
                "level",
            } <= finding.scope.keys() and "compared" not in finding.scope:
                others = tuple(f"{k}={v}" for k, v in sorted(finding.scope.items()) if k != "level")
                count = min(finding.estimate.n, finding.estimate.clusters or finding.estimate.n)
                cells[finding.metric, *others][_key(finding.scope)] = count
        few: set[_Key] = set()
        for cell in cells.values():
            few |= set(self._too_few(cell))
        return few

    def _too_few(self, cell: Mapping[_Key, int]) -> Iterator[_Key]:
        """The smallest ones, until they hold k together; each of the others has k."""
        seen = {key for key in cell if self._visible({"group": key[1], "level": key[2]})}
        together = sum(count for key, count in cell.items() if key not in seen)
        for count, key in sorted((cell[key], key) for key in seen):
            if count < self.k or 0 < together < self.k:
                together += count
                yield key


def _key(scope: Mapping[str, str]) -> _Key:
    return scope.get("method", ""), scope.get("group", ""), scope.get("level", "")
