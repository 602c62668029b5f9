"""``xaudit run``: audit a detector on a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.audit.read_config import Overrides
from xaudit.commands.console import say, tell
from xaudit.commands.progress import progress_display


def run(
    config: Annotated[Path, typer.Argument(help="Audit file, see `xaudit init`.")],
    out: Annotated[Path, typer.Option(help="Folder of the audit.")] = Path("reports/audit"),
    data: Annotated[Path | None, typer.Option(help="Folder of the study, if elsewhere.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights, if elsewhere.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Audit a stratified sample of so many cases.")
    ] = None,
    cases: Annotated[
        int | None, typer.Option(min=0, help="Explain so many cases instead of explain.cases.")
    ] = None,
) -> None:
    """Score the study, explain a sample of it, and write findings.json.

    A run that was interrupted goes on where it stopped; a finished one is not run again.
    """
    # Only this command and its like need the detector's libraries.
    from xaudit.audit.conduct import run_audit  # noqa: PLC0415

    with progress_display() as listen:
        findings = run_audit(config, out, Overrides(data, weights, cases), limit, listen)
    where = findings.accountability
    say(f"{where.scored} of {where.listed} cases scored, {where.explained} explained")
    if where.unreadable:
        say(f"{where.unreadable} could not be read; findings.json and the card say why")
    tell(str(out / "findings.json"))
    say(f"next: xaudit gate {out}; xaudit card {out}")
