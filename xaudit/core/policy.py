"""Rules that are fixed before a run, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from xaudit.core.estimate import Estimate

VerdictWord = Literal["pass", "fail", "inconclusive", "waived"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One floor or ceiling for one metric, read against the interval's limit.

    Attributes:
        id: how outputs call the rule.
        metric: name of the metric in the findings.
        where: scope that the finding must have; "*" takes every level of a key, one outcome each.
        floor: the interval's lower limit must reach it.
        ceiling: the interval's upper limit must not exceed it.
        reason: why the rule stands in the policy.
        line: line in the policy file, for messages.
    """

    id: str
    metric: str
    where: Mapping[str, str] = field(default_factory=dict)
    floor: float | None = None
    ceiling: float | None = None
    reason: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person takes the responsibility for a rule that is not met, until a day.

    Attributes:
        rule: id of the rule.
        where: scope that an outcome must have; "*" takes every level, an empty one every outcome.
        reason: why the rule may stay unmet.
        owner: who answers for it.
        expires: last day on which it holds (UTC).
        line: line in the policy file, for messages.
    """

    rule: str
    where: Mapping[str, str]
    reason: str
    owner: str
    expires: date
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules with a name and a hash, and the waivers that were granted with them."""

    name: str
    rules: tuple[Rule, ...]
    sha256: str
    source: str = ""
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule says of one finding.

    Attributes:
        rule: the rule.
        scope: the scope that was judged; the rule's own where no finding matched.
        verdict: pass, fail, inconclusive or waived.
        why: one sentence with the limit and the bound, for a reader.
        estimate: the judged estimate; None where no finding matched.
    """

    rule: Rule
    scope: Mapping[str, str]
    verdict: VerdictWord
    why: str
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcomes of a policy, and what they add up to.

    Attributes:
        policy: name of the policy.
        policy_sha256: its hash at the time of judging.
        overall: fail if any outcome fails, else inconclusive if any is, else waived if any is,
            else pass.
        outcomes: in the order of the policy.
        changed_after_run: the policy differs from the one that the plan fixed.
        waivers: of the policy, whether or not they were needed.
        source: name of the policy's file, empty where it is not known.
    """

    policy: str
    policy_sha256: str
    overall: VerdictWord
    outcomes: tuple[Outcome, ...]
    changed_after_run: bool = False
    waivers: tuple[Waiver, ...] = ()
    source: str = ""

    def count(self, word: VerdictWord) -> int:
        """How many outcomes carry this verdict."""
        return sum(outcome.verdict == word for outcome in self.outcomes)
