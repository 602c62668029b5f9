"""Outputs of `xaudit gate` besides the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xaudit.audit.store.files import write_text
from xaudit.commands.terminal.console import order
from xaudit.core.record.policy import Verdict
from xaudit.gate.outputs.document import verdict_json
from xaudit.gate.outputs.github import github_commands
from xaudit.gate.outputs.junit import junit_xml
from xaudit.gate.outputs.sarif import sarif_json
from xaudit.gate.outputs.summary import summary_markdown

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
