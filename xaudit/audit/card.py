"""Write the model card of a saved audit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xaudit.audit.files import read_findings, write_text
from xaudit.audit.judge import saved_verdict
from xaudit.core.finding import Findings
from xaudit.core.policy import Verdict
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
    page, text = render_cards(findings, saved_verdict(folder), pictures_of(folder, findings))
    path = html or folder / "card.html"
    write_text(path, page)
    write_text(path.with_suffix(".md"), text)
    return path


def render_cards(
    findings: Findings, verdict: Verdict | None, pictures: Mapping[str, bytes]
) -> tuple[str, str]:
    """The card as HTML and as Markdown."""
    card = build_card(findings, verdict, pictures)
    return render_html(card), render_markdown(card)


def pictures_of(folder: Path, findings: Findings) -> dict[str, bytes]:
    """File name → content, for every picture that the gallery names.

    Raises:
        ConfigError: a picture is missing.
    """
    return {
        name: _picture(folder, name)
        for case in findings.gallery
        for name in (case.picture, *(one.picture for one in case.maps))
    }


def _picture(folder: Path, name: str) -> bytes:
    path = folder / "evidence" / name
    if not path.resolve().is_relative_to((folder / "evidence").resolve()):
        raise ConfigError(f"{folder / 'findings.json'}: picture {name!r} lies outside evidence/")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: picture of the gallery: {error.strerror}") from None
