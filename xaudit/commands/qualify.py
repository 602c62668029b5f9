"""``xaudit qualify``: does the tool find what is planted, and accuse nobody wrongly?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xaudit.commands.options.language import Language
from xaudit.commands.terminal.console import say, tell
from xaudit.errors import ExitCode
from xaudit.report.language.translation import SOURCE, speaking

if TYPE_CHECKING:
    from xaudit.core.record.qualification import Qualification, Trial

FIRST_SEED = 4101
_SEEDS = 2
_SHOWN = 3


def qualify(
    out: Annotated[Path, typer.Option(help="Folder of studies, audits and the report.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer detectors, patients and cases, one seed.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="First seed of the studies.")] = FIRST_SEED,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many seeds; 2, or 1 with --quick.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Audits at the same time; by default one a core.")
    ] = None,
    language: Language = SOURCE,
) -> None:
    """Audit detectors with known defects, and sound ones; report what was found.

    Writes qualification.html, .md and .json. Exit code 0 if every planted defect was
    found and no sound detector was accused, else 1. A run that was interrupted goes on where it
    stopped; a finished audit is not run again.
    """
    from xaudit.qualification.conduct import qualify as conduct

    count = seeds or (1 if quick else _SEEDS)
    say("rendering the studies")
    with speaking(language):
        result = conduct(
            out, "quick" if quick else "full", range(seed, seed + count), workers or _cores(), _say
        )
    _summarize(result)
    tell(str(out / "qualification.html"))
    raise typer.Exit(ExitCode.PASS if result.passed else ExitCode.FAIL)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _say(trial: Trial, number: int, of: int) -> None:
    subject = trial.subject
    sound = "accused" if subject.planted is None else "NOT FOUND"
    fine = "not accused" if subject.planted is None else f"found: {subject.planted}"
    say(f"{number} of {of}  seed {trial.seed}  {subject.id}: {fine if trial.right else sound}")
    if trial.error is not None:
        say(f"    the audit failed: {trial.error}")
    for charge in () if trial.right else trial.charges[:_SHOWN]:
        say(f"    {charge.rule}: {charge.why}")


def _summarize(result: Qualification) -> None:
    found, accused = result.found, result.accused
    tell(f"{found.k} of {found.n} planted defects found{_limits(found.low, found.high)}")
    tell(f"{accused.k} of {accused.n} sound detectors accused{_limits(accused.low, accused.high)}")


def _limits(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f" (exact 95 % interval {low:.1%} to {high:.1%})"
