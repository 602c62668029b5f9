"""``xaudit demo``: a whole audit of the reference detector on a synthetic study."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.terminal.console import out as console
from xaudit.commands.terminal.console import say, tell
from xaudit.commands.terminal.progress import progress_display


class Task(StrEnum):
    """What the reference network says of a film."""

    CLASSIFICATION = "classification"
    DETECTION = "detection"
    SEGMENTATION = "segmentation"


def demo(
    out: Annotated[Path, typer.Option(help="Folder of the demo.")] = Path("reports/demo"),
    task: Annotated[
        Task, typer.Option(help="Whether a film is fractured, boxes around fractures, or paint.")
    ] = Task.CLASSIFICATION,
) -> None:
    """Draw a study, audit the reference detector on it, judge it, and write the card.

    Ends with the path of the card. The exit code is 0 whatever the verdict is: it is printed.
    """
    from xaudit.audit.config.read_config import Overrides
    from xaudit.gate.outputs.table import verdict_table
    from xaudit.pipeline.card import write_cards
    from xaudit.pipeline.conduct import run_audit
    from xaudit.pipeline.demo import prepare_demo
    from xaudit.pipeline.judge import judge_audit
    from xaudit.report.elements.first_screen import said_first

    say("rendering the study")
    config = prepare_demo(out, task.value)
    with progress_display() as listen:
        findings = run_audit(config, out, Overrides(), None, listen)
    console.print(verdict_table(judge_audit(out)))
    for line in said_first(findings):
        tell(line)
    say("the card of the demo:")
    tell(str(write_cards(out).resolve()))
