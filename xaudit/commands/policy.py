"""``xaudit policy``: the mistakes of policy files, without an audit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.options.trust import Env, untold
from xaudit.commands.terminal.console import tell
from xaudit.errors import ConfigError


def policy(
    files: Annotated[list[Path], typer.Argument(help="Policy files or packs.")],
    env: Env = None,
) -> None:
    """Read policies and print their rules with their hash; every mistake at once.

    Groups and levels are checked by `xaudit gate`, which knows the study. Exit code 0, or 2
    where a file has mistakes.
    """
    named = tuple(env or ())
    with untold(named):
        _print(files, named)


def _print(files: Sequence[Path], env: Collection[str]) -> None:
    from xaudit.audit.plan.metrics import all_metrics
    from xaudit.gate.policies.policy import read_policy
    from xaudit.gate.policies.unknown_names import unknown_metrics

    known = [metric.name for metric in all_metrics()]
    problems: list[str] = []
    for file in files:
        try:
            found = read_policy(file, env)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        problems.extend(unknown_metrics(found, known))
        tell(f"{file}: {found.name}, {len(found.rules)} rules, SHA-256 {found.sha256}")
        for rule in found.rules:
            tell(f"  {rule.id}: {rule.metric} {rule.demand}")
    if problems:
        raise ConfigError(problems)
