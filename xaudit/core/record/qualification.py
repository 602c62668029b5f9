"""Findings of a qualification of the tool: detectors with known defects, and sound ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from xaudit.core.estimate import Estimate
from xaudit.core.message import Sentence
from xaudit.core.record.policy import Policy, VerdictWord

Accusation = Literal[
    "performance",
    "operating-point",
    "calibration",
    "subgroup",
    "site",
    "robustness",
    "shortcut",
    "missed-lesions",
    "explanation",
    "declaration",
]
Mode = Literal["full", "quick"]
ACCUSATIONS: tuple[Accusation, ...] = get_args(Accusation)


@dataclass(frozen=True, slots=True)
class Charge:
    """One reason why a detector is accused.

    Attributes:
        accusation: of what.
        rule: id of the policy's rule that failed; the method where its maps are not believed; the
            name of a suspicion.
        finding: id of the finding that was read.
        why: the gate's sentence, with its figures.
    """

    accusation: Accusation
    rule: str
    finding: str
    why: Sentence


@dataclass(frozen=True, slots=True)
class Subject:
    """One detector that is audited on one kind of study.

    Attributes:
        id: name of its folder.
        title: how the report calls it.
        says: what is wrong with it, or why nothing is; one sentence.
        study: the kind of study that it is audited on.
        planted: the accusation that it must raise; None for a sound detector, which may raise none.
        rule: that has to raise it, as in `Charge`; None where any may.
    """

    id: str
    title: str
    says: Sentence
    study: str
    planted: Accusation | None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """The audit of one subject on the study of one seed.

    Attributes:
        subject: who was audited.
        seed: of the study.
        charges: what the audit accuses it of.
        verdict: the gate's over all rules; None where the audit failed.
        error: why the audit itself failed; None where it did not.
        right: a defect was found under its own name; a sound detector was audited and accused of
            nothing.
    """

    subject: Subject
    seed: int
    charges: tuple[Charge, ...]
    verdict: VerdictWord | None = None
    error: str | None = None
    right: bool = field(init=False)

    def __post_init__(self) -> None:
        """Judge the audit."""
        object.__setattr__(self, "right", self.error is None and self._as_planted())

    def _as_planted(self) -> bool:
        if self.subject.planted is None:
            return not self.charges
        return bool(self.named)

    @property
    def named(self) -> tuple[Charge, ...]:
        """Charges under the name of what was planted, by the rule that has to find it."""
        planted, rule = self.subject.planted, self.subject.rule
        return tuple(
            charge
            for charge in self.charges
            if charge.accusation == planted and rule in {None, charge.rule}
        )


@dataclass(frozen=True, slots=True)
class Qualification:
    """All trials, and what they add up to.

    Attributes:
        version: of the package.
        created: ISO 8601 date and time (UTC) at which the report was made.
        mode: "full" or "quick".
        sizes: what the studies and audits were limited to, name → number.
        seeds: of the studies.
        studies: name of a kind of study → what it is.
        policy: the rules by which detectors are accused.
        trials: by seed, then in the order of the catalogue.
        found: share of the planted defects that were found, over detectors × seeds.
        accused: share of the sound detectors that were accused or could not be audited, likewise.
        provenance: packages and machine, name → text.
    """

    version: str
    created: str
    mode: Mode
    sizes: Mapping[str, int]
    seeds: tuple[int, ...]
    studies: Mapping[str, Sentence]
    policy: Policy
    trials: tuple[Trial, ...]
    found: Estimate
    accused: Estimate
    provenance: Mapping[str, Sentence] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Every planted defect was found and no sound detector was accused."""
        return bool(self.trials) and all(trial.right for trial in self.trials)
