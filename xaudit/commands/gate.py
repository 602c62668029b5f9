"""``xaudit gate``: judge a saved audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.audit.judge import judge_audit
from xaudit.commands.console import out, say
from xaudit.gate.table import verdict_table
from xaudit.gate.verdict import exit_code


def gate(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    policy: Annotated[
        Path | None, typer.Option(help="Judge by this policy instead of the one the run fixed.")
    ] = None,
) -> None:
    """Judge a saved audit by its policy; needs neither the detector nor the images.

    Exit code 0: every rule passed; 1: one failed; 4: none failed, but the data do not decide;
    5: nothing was evaluated; 2: wrong usage.
    """
    verdict = judge_audit(audit, policy)
    out.print(verdict_table(verdict))
    if verdict.changed_after_run:
        say("note: this policy is not the one that was fixed before the run")
    raise typer.Exit(exit_code(verdict))
