"""Schema of a policy file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from xaudit.core.record.policy import Believable, Multiplicity
from xaudit.gate.policies.packs import is_pack

SCOPE_KEYS = ("operating_point", "analysis", "group", "level", "compared", "method",
              "degradation", "severity", "removed", "inserted")  # fmt: skip
EXPLANATION = "explanation_verdict"
"""Not a number: whether a method's maps may be believed."""
DEMANDS = (
    "floor", "ceiling", "non_inferior", "superior", "equivalent", "required", "at_least",
)  # fmt: skip


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a bound is a number; YAML reads yes, no, on and off as true and false")
    return value


def _a_day(value: object) -> object:
    """A number, or a text that is no day, would be read as seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = value.strip() if isinstance(value, str) else ""
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise ValueError("expected a day such as 2027-03-31 (year-month-day)") from None


# As a number, ``ceiling: true`` would be 1 and ``floor: no`` would be 0: bounds that always hold.
Bound = Annotated[float, BeforeValidator(_no_switch)]
Margin = Annotated[float, BeforeValidator(_no_switch), Field(gt=0)]


class RuleConfig(BaseModel):
    """One rule as it stands in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    id: str = Field(min_length=1, description="how outputs call the rule; unique")
    metric: str = Field(min_length=1, description="name of a metric; `xaudit metrics` lists them")
    where: dict[str, str] = Field(
        default_factory=dict,
        description=f"scope: {', '.join(SCOPE_KEYS)}; '*' takes every level, one outcome each; "
        "'worst' takes every level and gives one outcome, the worst",
    )
    floor: Bound | None = Field(
        None, description="the interval's lower limit must reach it; where it is 0, lie above it"
    )
    ceiling: Bound | None = Field(None, description="the interval's upper limit must not pass it")
    non_inferior: Margin | None = Field(
        None, description="the baseline may be better by less than this, on the same cases"
    )
    superior: Annotated[float, BeforeValidator(_no_switch), Field(ge=0)] | None = Field(
        None, description="the baseline must be worse by more than this, on the same cases"
    )
    equivalent: Margin | None = Field(
        None, description="the whole interval of a difference must lie within this margin"
    )
    required: bool | None = Field(None, description="true: the finding must be there, with a value")
    at_least: Believable | None = Field(
        None, description=f"for metric {EXPLANATION}: how far a method's maps must be believable"
    )
    reason: str = Field("", description="why the rule stands here")

    @model_validator(mode="after")
    def _one_demand(self) -> RuleConfig:
        given = [name for name in DEMANDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a rule has either a floor or a ceiling, or one of {', '.join(DEMANDS[2:])}; "
                f"got {', '.join(given) or 'none'}"
            )
        if self.required is False:
            raise ValueError("required: false demands nothing; leave the rule out")
        if (self.metric == EXPLANATION) != (self.at_least is not None):
            raise ValueError(f"at_least and metric: {EXPLANATION} go together")
        refuse_unknown_keys(self.where)
        if "level" in self.where and "group" not in self.where:
            raise ValueError("where: a level needs its group (the column)")
        return self


class WaiverConfig(BaseModel):
    """One waiver as it stands in the file; nothing of it may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    rule: str = Field(min_length=1, description="id of the rule that may stay unmet")
    where: dict[str, str] = Field(
        description="scope that it covers; '*' takes every level, {} every outcome of the rule"
    )
    reason: str = Field(min_length=1, description="why the rule may stay unmet")
    owner: str = Field(min_length=1, description="who answers for it")
    expires: Annotated[date, BeforeValidator(_a_day)] = Field(
        description="last day on which it holds (UTC), such as 2027-03-31"
    )

    @model_validator(mode="after")
    def _known_keys(self) -> WaiverConfig:
        refuse_unknown_keys(self.where)
        return self


def refuse_unknown_keys(where: Mapping[str, str]) -> None:
    """Refuse keys of a scope that no finding has.

    Raises:
        ValueError: with the keys that there are.
    """
    unknown = sorted(set(where) - set(SCOPE_KEYS))
    if unknown:
        raise ValueError(
            f"where: no scope key {', '.join(unknown)}; there is: {', '.join(SCOPE_KEYS)}"
        )


Share = Annotated[float, BeforeValidator(_no_switch), Field(ge=-1, le=1)]


class BelieveConfig(BaseModel):
    """Where the checks of explanations pass, if not at the usual thresholds."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    randomization: Share | None = Field(
        None, description="likeness to maps of a randomized detector, or of shuffled labels, stays "
        "below it (0.5)"
    )  # fmt: skip
    edges: Share | None = Field(None, description="likeness to edges stays below it (0.5)")
    gain: Share | None = Field(None, description="symmetric relevance gain lies above it (0)")
    stability: Share | None = Field(
        None, description="likeness under small changes and after retraining lies above it (0.5)"
    )
    repeatability: Share | None = Field(
        None, description="agreement over seeds lies above it (0.75)"
    )
    readable: Share | None = Field(
        None, description="share of maps that can be read lies above it (0.8)"
    )
    complete: Share | None = Field(
        None, description="share of maps that add up, where promised, lies above it (0.8)"
    )

    @property
    def changed(self) -> dict[str, float]:
        """The thresholds that the file gives."""
        return {name: value for name, value in self if value is not None}


class PolicyConfig(BaseModel):
    """A policy file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="how outputs call the policy")
    multiplicity: Multiplicity = Field(
        "none",
        description="none: each rule at 2.5 % one-sided, enough where all must pass; holm: a pass "
        "must also stand among all outcomes of the policy",
    )
    extends: str | None = Field(
        None,
        description="a pack, such as pack:release, whose rules stand before these; a rule with the "
        "same id replaces that of the pack",
    )
    believe: BelieveConfig = BelieveConfig()
    rules: tuple[RuleConfig, ...] = Field((), description="at least one, unless a pack has some")
    waivers: tuple[WaiverConfig, ...] = Field((), description="rules that may stay unmet")

    @model_validator(mode="after")
    def _some_rule(self) -> PolicyConfig:
        if self.extends is not None and not is_pack(self.extends):
            raise ValueError(f"extends: expected pack:NAME, got {self.extends!r}")
        if not self.rules and self.extends is None:
            raise ValueError("rules: at least one rule is needed, or a pack to extend")
        return self


def policy_schema() -> dict[str, object]:
    """JSON Schema of a policy file, for editors."""
    return PolicyConfig.model_json_schema()
