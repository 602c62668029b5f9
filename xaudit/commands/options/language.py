"""The option that names the language of a page."""

from __future__ import annotations

from typing import Annotated

import typer

Language = Annotated[
    str, typer.Option(help="Language of the pages: en, de; findings and JSON stay as they are.")
]
