"""``xaudit card``: print a saved audit as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from xaudit.commands.options.language import Language
from xaudit.commands.options.unverified import Unverified
from xaudit.commands.terminal.console import tell
from xaudit.report.language.translation import SOURCE, speaking

Print = Literal["short", "full"]


def card(  # noqa: PLR0913, PLR0917  one for each option
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    out: Annotated[
        Path | None, typer.Option(help="Where the HTML goes; card.html in the audit's folder.")
    ] = None,
    crosswalk: Annotated[
        Path | None,
        typer.Option(help="Also write where each element is asked for: FILE.html or FILE.csv."),
    ] = None,
    pages: Annotated[
        Path | None, typer.Option(help="Also write a page for each case to this new folder.")
    ] = None,
    print_: Annotated[
        Print,
        typer.Option("--print", help="What paper gets: what is open, or appendices as well."),
    ] = "short",
    unverified: Unverified = False,
    language: Language = SOURCE,
) -> None:
    """Write the model card of a saved audit: card.html, card.md beside it.

    The HTML is one file that asks nothing of the network, and prints. Neither the detector nor
    the images are needed.
    """
    from xaudit.pipeline.card import write_cards, write_crosswalk

    with speaking(language):
        tell(str(write_cards(audit, out, unverified, whole=print_ == "full")))
        if crosswalk is not None:
            tell(str(write_crosswalk(audit, crosswalk, out, unverified)))
        if pages is not None:
            from xaudit.audit.gallery.pages import write_pages

            tell(str(write_pages(audit, pages, unverified)))
