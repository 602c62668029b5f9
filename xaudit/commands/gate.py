"""``xaudit gate``: judge a saved audit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from xaudit.audit.files import read_findings, write_text
from xaudit.audit.judge import judge_named, known_policy
from xaudit.audit.record_use import record_gate
from xaudit.commands.console import order, out, say, tell
from xaudit.commands.trust import Env, untold
from xaudit.commands.unverified import Unverified
from xaudit.core.policy import Verdict
from xaudit.gate.explain import explanation, what_is_checked
from xaudit.gate.outputs.document import verdict_json
from xaudit.gate.outputs.github import github_commands
from xaudit.gate.outputs.junit import junit_xml
from xaudit.gate.outputs.sarif import sarif_json
from xaudit.gate.outputs.summary import summary_markdown
from xaudit.gate.table import verdict_table
from xaudit.gate.verdict import exit_code
from xaudit.gate.words import warning_lines
from xaudit.report.first import said_first

File = Path | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a verdict goes besides the terminal; None for nowhere."""

    junit: File
    sarif: File
    summary: File
    json: File
    github: bool

    def write(self, verdict: Verdict, place: str) -> None:
        """Write what was asked for.

        Args:
            verdict: of the policy.
            place: path of the policy, for marks at its lines.

        Raises:
            AuditError: the disk is full or cannot be written.
        """
        for path, text in (
            (self.junit, junit_xml(verdict)),
            (self.sarif, sarif_json(verdict, place)),
            (self.summary, summary_markdown(verdict)),
            (self.json, verdict_json(verdict)),
        ):
            if path is not None:
                write_text(path, text)
        for line in github_commands(verdict, place) if self.github else ():
            order(line)


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
    named = tuple(env or ())
    with untold(named):
        if dry_run:
            tell("\n".join(what_is_checked(*known_policy(audit, policy, unverified, named))))
            return
        verdict = judge_named(audit, policy, baseline, unverified, named)
    if explain is None:
        out.print(verdict_table(verdict))
        for line in said_first(read_findings(audit)):
            tell(line)
    else:
        tell("\n".join((*explanation(verdict, explain), *warning_lines(verdict))))
    if ledger is not None:
        say(record_gate(ledger, audit, verdict).text)
    Outputs(junit, sarif, summary, json, github).write(verdict, _place(policy, verdict))
    raise typer.Exit(exit_code(verdict, strict))


def _place(policy: Path | None, verdict: Verdict) -> str:
    """The policy's path from here, where the repository's root is expected."""
    if policy is None:
        return verdict.source or "policy.yaml"
    absolute, here = policy.resolve(), Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else policy).as_posix()
