"""``xaudit scrub``: what of an audit is personal, and a copy without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from xaudit.commands.terminal.console import out as console
from xaudit.commands.terminal.console import say, tell
from xaudit.core.record.scrubbed import K

if TYPE_CHECKING:
    from xaudit.scrub.personal import Personal


def scrub(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit; it is only read.")],
    out: Annotated[
        Path | None, typer.Option(help="New folder for a copy; without it the list is all.")
    ] = None,
    k: Annotated[
        int, typer.Option("--k", min=2, help="Patients of a kind that a group shown has to have.")
    ] = K,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Keep what persons wrote; read it first.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List only; write nothing.")] = False,
) -> None:
    """List what of an audit is personal, and write a copy without it.

    The copy has findings, verdict and card, and says of which audit it is one. Single cases, their
    pictures and ids, texts and small groups are not in it. Whether that suffices is yours to
    decide: docs/reference/privacy.md says what is looked for and what is not.
    """
    from xaudit.scrub.copy import scrubbed, write_copy

    if out is None and not dry_run:
        say("nothing is written: name a new folder with --out COPY")
    copy = scrubbed(audit, k, keep_written=keep_text)
    console.print(_table(copy.listed))
    if copy.too_small:
        say(f"the whole study has fewer than {k} patients of a kind; its numbers stay in the copy")
    if out is None or dry_run:
        return
    folder = write_copy(copy, audit, out)
    say(f"next: xaudit verify {folder}; read {folder / 'card.html'} before you hand it on")
    tell(str(folder))


def _table(listed: Sequence[Personal]) -> Table:
    from xaudit.report.facts.scrubbed import KINDS

    table = Table("personal", "HIPAA", "how many", "in the copy", box=None, pad_edge=False)
    for one in listed:
        row = (KINDS[one.kind], one.law or "groups", str(one.count), one.done)
        table.add_row(*map(Text, row))
    return table
