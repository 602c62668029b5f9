"""A policy file: rules with names, bounds and reasons."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xaudit.core.record.policy import Policy, Rule, Waiver
from xaudit.errors import ConfigError
from xaudit.gate.policies.nearest_name import nearest
from xaudit.gate.policies.packs import is_pack, policy_path
from xaudit.gate.policies.policy_file import DEMANDS, PolicyConfig
from xaudit.yaml_file import YamlFile, read_yaml


def read_policy(path: Path, env: Collection[str] = ()) -> Policy:
    """Read a policy.

    The hash covers name, rules and waivers, not comments, order of keys, or where the file lies.

    Args:
        path: a file, or a pack that comes with the package, such as ``pack:release``.
        env: environment variables that it may read; see `xaudit.yaml_file.read_yaml`.

    Raises:
        ConfigError: every mistake of the file, each with its line.
    """
    file = read_yaml(policy_path(path), env)
    config = _parsed(file)
    base = read_policy(Path(config.extends)) if config.extends is not None else None
    rules = _rules(file, config, base)
    waivers = _waivers(file, config)
    problems = [*_contradictions(file, rules), *_waivers_of_nothing(file, config, rules)]
    if problems:
        raise ConfigError(problems)
    declared = base is None or "multiplicity" in config.model_fields_set
    multiplicity = config.multiplicity if declared or base is None else base.multiplicity
    source = str(path) if is_pack(path) else path.name
    believe = {**(base.believe if base else {}), **config.believe.changed}
    policy = Policy(config.name, rules, "", source, waivers, multiplicity, believe)
    return replace(policy, sha256=policy_hash(policy))


def _parsed(file: YamlFile) -> PolicyConfig:
    twice = _duplicates(file)
    try:
        config = file.parse(PolicyConfig)
    except ConfigError as error:
        raise ConfigError([*error.problems, *twice]) from None
    if twice:
        raise ConfigError(twice)
    return config


def _rules(file: YamlFile, config: PolicyConfig, base: Policy | None) -> tuple[Rule, ...]:
    """The rules of the pack, replaced by those of the file with the same id, and its others."""
    own = {
        rule.id: Rule(
            **rule.model_dump(exclude={"required"}),
            required=bool(rule.required),
            line=file.lines.get(("rules", number)),
        )
        for number, rule in enumerate(config.rules)
    }
    extended = file.lines.get(("extends",))
    there = {rule.id: replace(rule, line=extended) for rule in base.rules} if base else {}
    return tuple((there | own).values())


def _waivers(file: YamlFile, config: PolicyConfig) -> tuple[Waiver, ...]:
    return tuple(
        Waiver(**one.model_dump(), line=file.lines.get(("waivers", number)))
        for number, one in enumerate(config.waivers)
    )


def _waivers_of_nothing(file: YamlFile, config: PolicyConfig, rules: Sequence[Rule]) -> list[str]:
    """One line for each waiver whose rule does not exist."""
    ids = [rule.id for rule in rules]
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


def refuse_impossible(rules: Sequence[Rule]) -> None:
    """Refuse rules that no policy file could hold; a saved plan may have been edited.

    Raises:
        ConfigError: a rule has no bound, two, or one that is not a finite number.
    """
    problems = [
        f"rule {rule.id!r}: expected one finite bound, a floor or a ceiling, or one other demand "
        f"with a margin over 0, got {_demands(rule) or 'none'}; take the policy from its file "
        "(--policy)"
        for rule in rules
        if not _possible(_demands(rule))
    ]
    if problems:
        raise ConfigError(problems)


def _demands(rule: Rule) -> dict[str, float | str]:
    """What the rule demands: key of the file → bound."""
    given = {name: getattr(rule, name) for name in DEMANDS}
    return {name: one for name, one in given.items() if one is not None and one is not False}


def _possible(demands: Mapping[str, float | str]) -> bool:
    numbers = [demand for demand in demands.values() if not isinstance(demand, str)]
    margins = [demands.get("non_inferior", 1.0), demands.get("equivalent", 1.0)]
    return (
        len(demands) == 1
        and all(map(math.isfinite, numbers))
        and all(isinstance(margin, float | int) and margin > 0 for margin in margins)
        and float(demands.get("superior", 0.0)) >= 0
    )


def policy_hash(policy: Policy) -> str:
    """SHA-256 of what a policy demands: name, rules and waivers, without lines of the file.

    Waivers count, as one that is granted after the results are known is a change after the run.
    Multiplicity and thresholds of explanations enter where they are not the usual ones.
    """
    content: dict[str, object] = {
        "name": policy.name,
        "rules": [_hashed(rule) for rule in policy.rules],
    }
    if policy.multiplicity != "none":
        content["multiplicity"] = policy.multiplicity
    if policy.believe:
        content["believe"] = dict(policy.believe)
    if policy.waivers:
        content["waivers"] = [
            {
                "rule": waiver.rule,
                "where": dict(waiver.where),
                "reason": waiver.reason,
                "owner": waiver.owner,
                "expires": waiver.expires.isoformat(),
            }
            for waiver in policy.waivers
        ]
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _hashed(rule: Rule) -> dict[str, object]:
    """What of a rule enters the hash; 1 and 1.0 are the same bound."""
    bounds = {"floor": None, "ceiling": None, **_demands(rule)}
    plain = {name: one if isinstance(one, str | bool | None) else float(one)
             for name, one in bounds.items()}  # fmt: skip
    return {"id": rule.id, "metric": rule.metric, "where": dict(rule.where),
            "reason": rule.reason, **plain}  # fmt: skip


def _duplicates(file: YamlFile) -> list[str]:
    """One line for each id that stands twice; read before the rules are known to be in order."""
    rules = file.data.get("rules") if isinstance(file.data, dict) else None
    rules = rules if isinstance(rules, list) else []
    ids = [rule.get("id") if isinstance(rule, dict) else None for rule in rules]
    counts = Counter(identifier for identifier in ids if isinstance(identifier, str))
    return [
        f"{file.place(('rules', number, 'id'))}: rules.{number}.id: {one!r} stands twice"
        for number, one in enumerate(ids)
        if isinstance(one, str) and counts[one] > 1
    ]
