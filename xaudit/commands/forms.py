"""What `xaudit export` writes, form by form."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from xaudit.audit.card import write_cards
from xaudit.audit.files import read_findings
from xaudit.audit.hashes import FINDINGS, refuse_changed
from xaudit.audit.judge import saved_verdict
from xaudit.commands.export import Form
from xaudit.report.cyclonedx import cyclonedx_json
from xaudit.report.huggingface import huggingface_card
from xaudit.report.paper import Paper
from xaudit.report.pdf import print_pdf


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


FORMS: dict[Form, tuple[str, Callable[[Path, Paper, bool], bytes]]] = {
    Form.huggingface: ("README.md", _huggingface),
    Form.cyclonedx: ("bom.cdx.json", _cyclonedx),
    Form.pdf: ("card.pdf", _pdf),
}
"""Its usual name, and what makes it of an audit's folder, a paper and `--unverified`."""
