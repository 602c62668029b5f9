"""Forms that `xaudit export` writes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from xaudit.audit.store.files import read_findings
from xaudit.audit.store.hashes import FINDINGS, refuse_changed
from xaudit.audit.suspicions.label_errors import FILE, LABELS, label_list
from xaudit.errors import RegistryError, XauditError
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.judge import saved_verdict
from xaudit.report.exports.cyclonedx import cyclonedx_json
from xaudit.report.exports.export import EXPORTS, Export
from xaudit.report.exports.huggingface import huggingface_card
from xaudit.report.exports.paper import Paper
from xaudit.report.exports.pdf import print_pdf

PDF = "pdf"
EXPORTS.add("huggingface", Export("README.md", huggingface_card))
EXPORTS.add("cyclonedx", Export("bom.cdx.json", lambda found, _, late: cyclonedx_json(found, late)))


def exported(audit: Path, form: str, paper: Paper, *, unverified: bool) -> tuple[str, bytes]:
    """The usual name of a form, and its content.

    Args:
        audit: folder of a finished audit.
        form: "pdf", "labels", or a name of `EXPORTS`.
        paper: what a PDF is printed on.
        unverified: whether files that the run did not write may be used.

    Raises:
        RegistryError: the form is unknown, or that of an installed package fails.
        ConfigError: a file is not what the run wrote.
    """
    if form == PDF:
        with tempfile.TemporaryDirectory() as folder:
            card = write_cards(audit, Path(folder) / "card.html", unverified, whole=True)
            return "card.pdf", print_pdf(card, paper)
    if form == LABELS:
        return FILE, label_list(audit, unverified=unverified).encode()
    if form not in EXPORTS:
        known = ", ".join(sorted((*EXPORTS, PDF, LABELS)))
        raise RegistryError(f"--format: expected one of {known}, got {form!r}")
    made = EXPORTS[form]
    changed = refuse_changed(audit, FINDINGS, unverified)
    findings, verdict = read_findings(audit), saved_verdict(audit, unverified)
    try:
        content = made.make(findings, verdict, changed)
        return made.file_name, content.encode() if isinstance(content, str) else bytes(content)
    except XauditError:
        raise
    except Exception as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise RegistryError(f"export {form!r} failed: {said}") from error
