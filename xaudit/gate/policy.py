"""A policy file: rules with names, bounds and reasons."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from xaudit.core.policy import Policy, Rule, Waiver
from xaudit.errors import ConfigError
from xaudit.yaml_file import YamlFile, read_yaml

SCOPE_KEYS = ("operating_point", "analysis", "group", "level", "compared", "method",
              "degradation", "severity", "removed", "inserted")  # fmt: skip


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a bound is a number; YAML reads yes, no, on and off as true and false")
    return value


# As a number, ``ceiling: true`` would be 1 and ``floor: no`` would be 0: bounds that always hold.
Bound = Annotated[float, BeforeValidator(_no_switch)]


class RuleConfig(BaseModel):
    """One rule as it stands in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    id: str = Field(min_length=1, description="how outputs call the rule; unique")
    metric: str = Field(min_length=1, description="name of a metric; `xaudit metrics` lists them")
    where: dict[str, str] = Field(
        default_factory=dict,
        description=f"scope: {', '.join(SCOPE_KEYS)}; '*' takes every level, one outcome each",
    )
    floor: Bound | None = Field(None, description="the interval's lower limit must reach it")
    ceiling: Bound | None = Field(None, description="the interval's upper limit must not pass it")
    reason: str = Field("", description="why the rule stands here")

    @model_validator(mode="after")
    def _one_bound(self) -> RuleConfig:
        if (self.floor is None) == (self.ceiling is None):
            raise ValueError("a rule has either a floor or a ceiling")
        _refuse_unknown_keys(self.where)
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
    expires: date = Field(description="last day on which it holds (UTC), such as 2027-03-31")

    @model_validator(mode="after")
    def _known_keys(self) -> WaiverConfig:
        _refuse_unknown_keys(self.where)
        return self


def _refuse_unknown_keys(where: Mapping[str, str]) -> None:
    unknown = sorted(set(where) - set(SCOPE_KEYS))
    if unknown:
        raise ValueError(
            f"where: no scope key {', '.join(unknown)}; there is: {', '.join(SCOPE_KEYS)}"
        )


class PolicyConfig(BaseModel):
    """A policy file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="how outputs call the policy")
    rules: tuple[RuleConfig, ...] = Field(min_length=1, description="at least one rule")
    waivers: tuple[WaiverConfig, ...] = Field((), description="rules that may stay unmet")


def read_policy(path: Path) -> Policy:
    """Read a policy.

    The hash covers name, rules and waivers, not comments, order of keys, or where the file lies.

    Raises:
        ConfigError: every mistake of the file, each with its line.
    """
    file = read_yaml(path)
    twice = _duplicates(file)
    try:
        config = file.parse(PolicyConfig)
    except ConfigError as error:
        raise ConfigError([*error.problems, *twice]) from None
    if twice:
        raise ConfigError(twice)
    rules = tuple(
        Rule(
            id=rule.id,
            metric=rule.metric,
            where=rule.where,
            floor=rule.floor,
            ceiling=rule.ceiling,
            reason=rule.reason,
            line=file.lines.get(("rules", number)),
        )
        for number, rule in enumerate(config.rules)
    )
    waivers = _waivers(file, config)
    problems = [*_contradictions(file, rules), *_waivers_of_nothing(file, config)]
    if problems:
        raise ConfigError(problems)
    sha256 = policy_hash(config.name, rules, waivers)
    return Policy(config.name, rules, sha256, path.name, waivers)


def _waivers(file: YamlFile, config: PolicyConfig) -> tuple[Waiver, ...]:
    return tuple(
        Waiver(**one.model_dump(), line=file.lines.get(("waivers", number)))
        for number, one in enumerate(config.waivers)
    )


def _waivers_of_nothing(file: YamlFile, config: PolicyConfig) -> list[str]:
    """One line for each waiver whose rule does not exist."""
    ids = [rule.id for rule in config.rules]
    return [
        f"{file.place(('waivers', number, 'rule'))}: waivers.{number}.rule: the policy has no "
        f"rule {one.rule!r}{nearest(one.rule, ids)}"
        for number, one in enumerate(config.waivers)
        if one.rule not in ids
    ]


def _contradictions(file: YamlFile, rules: Sequence[Rule]) -> list[str]:
    """One line for each ceiling under a floor for the same metric and scope."""
    return [
        f"{file.path}:{high.line}: rule {high.id!r}: its ceiling {high.ceiling:g} is under the "
        f"floor {low.floor:g} of rule {low.id!r} (line {low.line}); no detector can meet both"
        for low in rules
        for high in rules
        if low.floor is not None
        and high.ceiling is not None
        and (low.metric, low.where) == (high.metric, high.where)
        and high.ceiling < low.floor
    ]


def nearest(name: str, known: Sequence[str]) -> str:
    """A half-sentence with the known name that was probably meant, or nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def refuse_impossible(rules: Sequence[Rule]) -> None:
    """Refuse rules that no policy file could hold; a saved plan may have been edited.

    Raises:
        ConfigError: a rule has no bound, two, or one that is not a finite number.
    """
    problems = []
    for rule in rules:
        bounds = [bound for bound in (rule.floor, rule.ceiling) if bound is not None]
        if len(bounds) != 1 or not math.isfinite(bounds[0]):
            problems.append(
                f"rule {rule.id!r}: expected one finite bound, a floor or a ceiling, got floor "
                f"{rule.floor} and ceiling {rule.ceiling}; take the policy from its file (--policy)"
            )
    if problems:
        raise ConfigError(problems)


def policy_hash(name: str, rules: Sequence[Rule], waivers: Sequence[Waiver] = ()) -> str:
    """SHA-256 of what a policy demands: name, rules and waivers, without lines of the file.

    Waivers count, as one that is granted after the results are known is a change after the run.

    Args:
        name: of the policy.
        rules: in their order.
        waivers: in their order; without one, the hash is that of name and rules.
    """
    content: dict[str, object] = {
        "name": name,
        "rules": [
            {
                "id": rule.id,
                "metric": rule.metric,
                "where": dict(rule.where),
                "floor": None if rule.floor is None else float(rule.floor),
                "ceiling": None if rule.ceiling is None else float(rule.ceiling),
                "reason": rule.reason,
            }
            for rule in rules
        ],
    }
    if waivers:
        content["waivers"] = [
            {
                "rule": one.rule,
                "where": dict(one.where),
                "reason": one.reason,
                "owner": one.owner,
                "expires": one.expires.isoformat(),
            }
            for one in waivers
        ]
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def policy_schema() -> dict[str, object]:
    """JSON Schema of a policy file, for editors."""
    return PolicyConfig.model_json_schema()


def _duplicates(file: YamlFile) -> list[str]:
    """One line for each id that stands twice; read before the rules are known to be in order."""
    rules = file.data.get("rules") if isinstance(file.data, dict) else None
    rules = rules if isinstance(rules, list) else []
    ids = [rule.get("id") if isinstance(rule, dict) else None for rule in rules]
    counts = Counter(one for one in ids if isinstance(one, str))
    return [
        f"{file.place(('rules', number, 'id'))}: rules.{number}.id: {one!r} stands twice"
        for number, one in enumerate(ids)
        if isinstance(one, str) and counts[one] > 1
    ]
