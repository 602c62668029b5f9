"""Assets: the templates, in the installed package or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

import xaudit
from xaudit.errors import InstallError


def template_root() -> Path:
    """Folder of the templates.

    Raises:
        InstallError: neither the package nor a checkout holds them.
    """
    package = Path(xaudit.__file__).resolve().parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "card.html.j2").is_file():
            return folder
    raise InstallError(
        f"card.html.j2: expected in {package / 'templates'} or beside the package; install again"
    )
