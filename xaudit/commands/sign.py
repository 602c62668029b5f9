"""``xaudit sign``: put a name under an audit or a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.terminal.console import say, tell


def sign(
    target: Annotated[Path, typer.Argument(help="Folder of a finished audit, or a card (HTML).")],
    key: Annotated[Path, typer.Option(help="Private key, Ed25519 in PEM, not encrypted.")],
    name: Annotated[str, typer.Option(help="Who signs.")],
    role: Annotated[str, typer.Option(help="In which role.")],
) -> None:
    """Sign an audit or a card; `xaudit verify --key` checks it. Sign after gate and card.

    The signature lies beside what it signs: signatures.json in the folder, FILE.sig beside a card.
    What of the folder it does not speak of is named.
    """
    from xaudit.provenance.signature import SIGNED, uncovered
    from xaudit.provenance.signature import sign as sign_target

    tell(str(sign_target(target, key, name, role)))
    beside = uncovered(target, SIGNED) if target.is_dir() else ()
    if beside:
        say(f"not signed: {', '.join(beside)}")
