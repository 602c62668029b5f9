"""``xaudit show``: one case with its lesions, every map and every score, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.terminal.console import tell


def show(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    case: Annotated[str, typer.Argument(help="Id of an explained case.")],
    out: Annotated[Path | None, typer.Option(help="The PNG; CASE.png by default.")] = None,
) -> None:
    """Draw one explained case: image, lesions, every map and its scores."""
    from xaudit.audit.gallery.panel import write_panel

    tell(str(write_panel(audit, case, out)))
