"""The option that takes a saved audit as it is."""

from __future__ import annotations

from typing import Annotated

import typer

Unverified = Annotated[
    bool,
    typer.Option(
        "--unverified", help="Take files that are not those that the run wrote; outputs say so."
    ),
]
