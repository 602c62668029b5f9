"""``xaudit compare``: what changed from one audit to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.options.language import Language
from xaudit.commands.options.unverified import Unverified
from xaudit.commands.terminal.console import tell
from xaudit.report.language.translation import SOURCE, speaking


def compare(
    old: Annotated[Path, typer.Argument(help="Folder of the audit to compare with.")],
    new: Annotated[Path, typer.Argument(help="Folder of the audit that is compared.")],
    out: Annotated[
        Path, typer.Option(help="Where the HTML goes; Markdown and JSON go beside it.")
    ] = Path("changes.html"),
    unverified: Unverified = False,
    language: Language = SOURCE,
) -> None:
    """Write a change report: what changed on the cases that both audits have.

    Needs neither detector nor images. A comparison judges nothing: its exit code is 0.
    """
    from xaudit.audit.store.files import to_json, write_text
    from xaudit.compare.compare import compare as compare_audits
    from xaudit.report.cards.render import render_html, render_markdown
    from xaudit.report.changes.changes import build_changes

    with speaking(language):
        changes = compare_audits(old, new, unverified)
        report = build_changes(changes)
        write_text(out, render_html(report))
        write_text(out.with_suffix(".md"), render_markdown(report))
    write_text(out.with_suffix(".json"), to_json(changes))
    tell(str(out))
