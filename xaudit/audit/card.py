"""Write the model card of a saved audit."""

from __future__ import annotations

from pathlib import Path

from xaudit.audit.files import read_findings, write_text
from xaudit.audit.judge import saved_verdict
from xaudit.audit.record_use import saved_uses
from xaudit.errors import ConfigError
from xaudit.report.card import build_card
from xaudit.report.render import render_html, render_markdown


def write_cards(folder: Path, html: Path | None = None) -> Path:
    """Write ``card.html`` and ``card.md`` from findings, verdict and evidence.

    Args:
        folder: of a finished audit.
        html: another place for the HTML; the Markdown goes beside it.

    Returns:
        Where the HTML is.

    Raises:
        ConfigError: the audit is not finished, or a picture is missing.
    """
    findings = read_findings(folder)
    pictures = {
        name: _picture(folder, name)
        for case in findings.gallery
        for name in (case.picture, *(one.picture for one in case.maps))
    }
    uses = saved_uses(folder)
    card = build_card(findings, saved_verdict(folder), pictures, uses.text if uses else "")
    path = html or folder / "card.html"
    write_text(path, render_html(card))
    write_text(path.with_suffix(".md"), render_markdown(card))
    return path


def _picture(folder: Path, name: str) -> bytes:
    path = folder / "evidence" / name
    if not path.resolve().is_relative_to((folder / "evidence").resolve()):
        raise ConfigError(f"{folder / 'findings.json'}: picture {name!r} lies outside evidence/")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: picture of the gallery: {error.strerror}") from None
