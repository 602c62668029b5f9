"""``xaudit export``: a saved audit in the forms that others read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.console import tell
from xaudit.commands.language import Language
from xaudit.commands.unverified import Unverified
from xaudit.report.language import SOURCE, speaking
from xaudit.report.paper import Paper


class Form(StrEnum):
    """Which form."""

    huggingface = "huggingface"
    cyclonedx = "cyclonedx"
    pdf = "pdf"


def export(
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    form: Annotated[Form, typer.Option("--format", help="Which form.")],
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

    Needs neither the detector nor the images. `xaudit schema findings` prints the JSON Schema of
    findings.json itself.
    """
    from xaudit.audit.files import write_bytes
    from xaudit.commands.forms import FORMS

    name, make = FORMS[form]
    path = out or audit / name
    with speaking(language):
        write_bytes(path, make(audit, paper, unverified))
    tell(str(path))
