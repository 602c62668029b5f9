"""``xaudit export``: a saved audit in the forms that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.options.language import Language
from xaudit.commands.options.unverified import Unverified
from xaudit.commands.terminal.console import tell
from xaudit.report.exports.paper import Paper
from xaudit.report.language.translation import SOURCE, speaking


def export(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="huggingface, cyclonedx, pdf, or a form that a package brings."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where it goes; a usual name in the audit's folder.")
    ] = None,
    paper: Annotated[
        Paper, typer.Option(case_sensitive=False, help="What a PDF is printed on.")
    ] = Paper.a4,
    unverified: Unverified = False,
    language: Language = SOURCE,
) -> None:
    """Write a saved audit as a Hugging Face model card, a CycloneDX bill of materials or a PDF.

    Installed packages may bring other forms.

    Needs neither the detector nor the images. `xaudit schema findings` prints the JSON Schema of
    findings.json itself.
    """
    from xaudit.audit.store.files import write_bytes
    from xaudit.commands.options.forms import exported

    with speaking(language):
        name, content = exported(audit, form, paper, unverified=unverified)
    path = out or audit / name
    write_bytes(path, content)
    tell(str(path))
