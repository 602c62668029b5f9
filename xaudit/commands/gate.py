"""``xaudit gate``: judge a saved audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xaudit.commands.options.trust import Env, untold
from xaudit.commands.options.unverified import Unverified
from xaudit.commands.terminal.console import out, say, tell

if TYPE_CHECKING:
    from xaudit.core.record.finding import Findings
    from xaudit.core.record.policy import Verdict

File = Path | None


def gate(  # noqa: PLR0913, PLR0917  (an option each)
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    policy: Annotated[
        File, typer.Option(help="Judge by this policy instead of the one the run fixed.")
    ] = None,
    baseline: Annotated[
        File, typer.Option(help="Audit of the same cases that rules compare with.")
    ] = None,
    ledger: Annotated[
        File, typer.Option(envvar="XAUDIT_LEDGER", help="Record this use of the test set here.")
    ] = None,
    junit: Annotated[File, typer.Option(help="Write JUnit XML.")] = None,
    sarif: Annotated[File, typer.Option(help="Write SARIF 2.1.0.")] = None,
    summary: Annotated[File, typer.Option(help="Write Markdown for a job summary.")] = None,
    json: Annotated[File, typer.Option(help="Write JSON.")] = None,
    github: Annotated[bool, typer.Option("--github", help="Print GitHub annotations.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="A policy changed after the run fails.")
    ] = False,
    unverified: Unverified = False,
    explain: Annotated[
        str | None, typer.Option(help="Show the arithmetic of this rule instead of the table.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be checked; judge nothing.")
    ] = False,
    env: Env = None,
) -> None:
    """Judge a saved audit by its policy; needs neither the detector nor the images.

    Exit code 0: every rule passed or is waived; 1: one failed; 4: none failed, but the data do
    not decide; 5: nothing was evaluated; 2: wrong usage; 3: the audit itself failed.
    """
    from xaudit.commands.options.outputs import Outputs
    from xaudit.gate.judging.explain import what_is_checked
    from xaudit.gate.judging.verdict import exit_code
    from xaudit.pipeline.judge import judge_known, known_policy

    with untold(tuple(env or ())):
        rules, findings = known_policy(audit, policy, unverified, tuple(env or ()))
        if dry_run:
            tell("\n".join(what_is_checked(rules, findings)))
            return
        verdict = judge_known(audit, rules, findings, baseline, unverified)
    _print(findings, verdict, explain)
    if ledger is not None:
        from xaudit.provenance.record_use import record_gate

        say(record_gate(ledger, audit, verdict).text)
    Outputs(junit, sarif, summary, json, github).write(verdict, _place(policy, verdict))
    raise typer.Exit(exit_code(verdict, strict))


def _print(findings: Findings, verdict: Verdict, explain: str | None) -> None:
    from xaudit.gate.judging.explain import explanation
    from xaudit.gate.outputs.table import verdict_table
    from xaudit.gate.policies.wording import warning_lines
    from xaudit.report.elements.first_screen import said_first

    if explain is not None:
        tell("\n".join((*explanation(verdict, explain), *warning_lines(verdict))))
        return
    out.print(verdict_table(verdict))
    for line in said_first(findings):
        tell(line)


def _place(policy: Path | None, verdict: Verdict) -> str:
    """The policy's path from here, where the repository's root is expected."""
    if policy is None:
        return verdict.source or "policy.yaml"
    absolute, here = policy.resolve(), Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else policy).as_posix()
