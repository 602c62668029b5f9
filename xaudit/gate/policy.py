"""A policy file: rules with names, bounds and reasons."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from xaudit.core.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.yaml_file import YamlFile, read_yaml

SCOPE_KEYS = ("operating_point", "analysis", "group", "level", "compared", "method",
              "degradation", "severity")  # fmt: skip


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
        unknown = sorted(set(self.where) - set(SCOPE_KEYS))
        if unknown:
            raise ValueError(
                f"where: no scope key {', '.join(unknown)}; there is: {', '.join(SCOPE_KEYS)}"
            )
        if "level" in self.where and "group" not in self.where:
            raise ValueError("where: a level needs its group (the column)")
        return self


class PolicyConfig(BaseModel):
    """A policy file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="how outputs call the policy")
    rules: tuple[RuleConfig, ...] = Field(min_length=1, description="at least one rule")


def read_policy(path: Path) -> Policy:
    """Read a policy.

    The hash covers name and rules, not comments, order of keys, or where the file lies.

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
    return Policy(config.name, rules, policy_hash(config.name, rules), path.name)


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


def policy_hash(name: str, rules: Sequence[Rule]) -> str:
    """SHA-256 of what a policy demands: its name and its rules, without lines of the file.

    Args:
        name: of the policy.
        rules: in their order.
    """
    content = {
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
