"""``xaudit check``: every mistake before any compute, and what the audit will cost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xaudit.audit.read_config import Overrides
from xaudit.commands.console import out, tell
from xaudit.commands.progress import duration

if TYPE_CHECKING:
    from xaudit.audit.check import Preview


def check(
    config: Annotated[Path, typer.Argument(help="Audit file, see `xaudit init`.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the study, if elsewhere.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights, if elsewhere.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="As for `xaudit run`.")] = None,
    cases: Annotated[int | None, typer.Option(min=0, help="As for `xaudit run`.")] = None,
) -> None:
    """Validate everything, list all mistakes at once, and preview the cost.

    Exit code 0 if the audit can run, 2 if it cannot.
    """
    # Only this command and its like need the detector's libraries.
    from xaudit.audit.check import check_audit  # noqa: PLC0415

    _print(check_audit(config, Overrides(data, weights, cases), limit))


def _print(preview: Preview) -> None:
    study, record = preview.plan.study, preview.plan.record
    positives = sum(case.label for case in study.cases)
    tell(f"study      {study.name}: {len(study.cases)} cases, {positives} with a fracture")
    if study.unit == "image":
        tell(f"           {study.unit_note}")
    for kind, count in sorted(Counter(issue.kind for issue in study.issues).items()):
        tell(f"issue      {count} × {kind}")
    policy = record.policy
    tell(f"policy     {policy.name}: {len(policy.rules)} rules" if policy else
         "policy     none: nothing will be judged")  # fmt: skip
    for note in preview.notes:
        tell(f"warning    {note}")
    out.print(_costs(preview))
    total = preview.scoring_seconds + sum(cost.seconds for cost in preview.methods)
    tell(f"about {duration(total)} on this machine, {preview.megabytes:.0f} MB on disk")


def _costs(preview: Preview) -> Table:
    table = Table("step", "cases", "forward each", "backward each", "time", box=None)
    scored = len(preview.plan.study.cases)
    table.add_row("score", str(scored), "1", "0", duration(preview.scoring_seconds))
    for cost in preview.methods:
        table.add_row(
            cost.name,
            str(cost.maps),
            str(cost.forward),
            str(cost.backward),
            duration(cost.seconds),
        )
    return table
