"""Rules that are fixed before a run, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message, Sentence, listed
from xaudit.core.record.interim import InterimAnalyses
from xaudit.core.record.suspicion import Suspicion

VERDICT_SCHEMA_VERSION = 2
VerdictWord = Literal["pass", "fail", "inconclusive", "waived"]
Multiplicity = Literal["none", "holm"]
Believable = Literal["may_be_believed", "with_caution"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on one metric, read against the interval's limits; it has exactly one.

    Attributes:
        id: how outputs call the rule.
        metric: name of the metric in the findings.
        where: scope that the finding must have; "*" takes every level of a key, one outcome each,
            "worst" takes every level and gives one outcome, the worst.
        floor: the interval's lower limit must reach it; where it is 0, lie above it.
        ceiling: the interval's upper limit must not exceed it.
        reason: why the rule stands in the policy.
        line: line in the policy file, for messages.
        non_inferior: margin by which the baseline may be better, on the same cases.
        superior: margin by which the baseline must be worse, on the same cases.
        equivalent: margin; a difference must be shown to lie within it, in both directions.
        required: the finding must be there, with a value.
        at_least: how far a method's maps must be believable.
    """

    id: str
    metric: str
    where: Mapping[str, str] = field(default_factory=dict)
    floor: float | None = None
    ceiling: float | None = None
    reason: str = ""
    line: int | None = None
    non_inferior: float | None = None
    superior: float | None = None
    equivalent: float | None = None
    required: bool = False
    at_least: Believable | None = None

    @property
    def demand(self) -> Message:
        """What is demanded, for a reader: "≥ 0.8", "not worse than the baseline by 0.05"."""
        said = (
            ("≥ {bound:g}" if self.floor else "> {bound:g}", self.floor),
            ("≤ {bound:g}", self.ceiling),
            ("not worse than the baseline by {bound:g}", self.non_inferior),
            ("better than the baseline by over {bound:g}", self.superior),
            ("within ±{bound:g}", self.equivalent),
        )
        demands = [Message(text, bound=bound) for text, bound in said if bound is not None]
        if self.required:
            demands.append(Message("is measured"))
        if self.at_least == "may_be_believed":
            demands.append(Message("at least may be believed"))
        elif self.at_least:
            demands.append(Message("at least with caution"))
        return listed(demands, len(demands))

    @property
    def compares(self) -> bool:
        """Whether the rule reads the same cases in a baseline audit."""
        return self.non_inferior is not None or self.superior is not None

    @property
    def needs_baseline(self) -> bool:
        """Whether the rule says nothing without a baseline audit."""
        return self.compares or self.metric.endswith("_drift")


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
    """Rules with a name and a hash, and the waivers that were granted with them.

    Attributes:
        believe: thresholds of the checks of explanations that differ from the usual ones.
    """

    name: str
    rules: tuple[Rule, ...]
    sha256: str
    source: str = ""
    waivers: tuple[Waiver, ...] = ()
    multiplicity: Multiplicity = "none"
    believe: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BaselineFacts:
    """Which audit a detector was compared with.

    Attributes:
        audit: name of the baseline audit.
        detector: name and version of its detector.
        plan_sha256: of its plan.
        weights_sha256: of its weights; None where only predictions were audited.
        cases: cases of both audits that were compared; None where no rule compares.
        note: what could not be checked, for a reader; empty for nothing.
    """

    audit: str
    detector: str
    plan_sha256: str
    weights_sha256: str | None
    cases: int | None = None
    note: Sentence = ""


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
    why: Sentence
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcomes of a policy, and what they add up to.

    Attributes:
        policy: name of the policy.
        policy_sha256: its hash at the time of judging.
        overall: fail if any outcome fails, else inconclusive if any is or if something is
            suspected that nobody has acknowledged, else waived if any is, else pass.
        outcomes: in the order of the policy.
        changed_after_run: the policy differs from the one that the plan fixed.
        waivers: of the policy, whether or not they were needed.
        source: name of the policy's file, empty where it is not known.
        baseline: the audit that was compared with; None for a first run.
        multiplicity: how the policy corrects passes for the number of rules.
        believe: thresholds of explanations that the policy moved.
        interim: analyses of the audit while it ran, where there were any: then its intervals are
            repeated ones.
        suspicions: of the audit, acknowledged or not.
        unverified: which files of the audit were not those that the run wrote, a line each, where
            it was judged all the same.
    """

    policy: str
    policy_sha256: str
    overall: VerdictWord
    outcomes: tuple[Outcome, ...]
    changed_after_run: bool = False
    waivers: tuple[Waiver, ...] = ()
    source: str = ""
    baseline: BaselineFacts | None = None
    multiplicity: Multiplicity = "none"
    believe: Mapping[str, float] = field(default_factory=dict)
    interim: InterimAnalyses | None = None
    suspicions: tuple[Suspicion, ...] = ()
    unverified: tuple[str, ...] = ()
    schema_version: int = VERDICT_SCHEMA_VERSION

    def count(self, word: VerdictWord) -> int:
        """How many outcomes carry this verdict."""
        return sum(outcome.verdict == word for outcome in self.outcomes)
