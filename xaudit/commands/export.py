"""``xaudit export``: a saved audit in the forms that others read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xaudit.audit.card import write_cards
from xaudit.audit.files import read_findings, write_bytes
from xaudit.audit.hashes import FINDINGS, refuse_changed
from xaudit.audit.judge import saved_verdict
from xaudit.commands.console import tell
from xaudit.commands.language import Language
from xaudit.commands.unverified import Unverified
from xaudit.report.cyclonedx import cyclonedx_json
from xaudit.report.huggingface import huggingface_card
from xaudit.report.language import SOURCE, speaking
from xaudit.report.pdf import Paper, print_pdf


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
    name, make = _FORMS[form]
    path = out or audit / name
    with speaking(language):
        write_bytes(path, make(audit, paper, unverified))
    tell(str(path))


def _huggingface(audit: Path, _: Paper, unverified: bool) -> bytes:
    changed = refuse_changed(audit, FINDINGS, unverified)
    verdict = saved_verdict(audit, unverified)
    return huggingface_card(read_findings(audit), verdict, changed).encode()


def _cyclonedx(audit: Path, _: Paper, unverified: bool) -> bytes:
    changed = refuse_changed(audit, FINDINGS, unverified)
    return cyclonedx_json(read_findings(audit), changed).encode()


def _pdf(audit: Path, paper: Paper, unverified: bool) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return print_pdf(write_cards(audit, Path(folder) / "card.html", unverified), paper)


_FORMS: dict[Form, tuple[str, Callable[[Path, Paper, bool], bytes]]] = {
    Form.huggingface: ("README.md", _huggingface),
    Form.cyclonedx: ("bom.cdx.json", _cyclonedx),
    Form.pdf: ("card.pdf", _pdf),
}
