"""Model card of a saved audit, written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from xaudit.audit.store.files import read_findings, write_text
from xaudit.audit.store.hashes import PICTURES, refuse_changed
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Verdict
from xaudit.errors import ConfigError
from xaudit.pipeline.judge import saved_verdict
from xaudit.provenance.record_use import saved_uses
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_crosswalk, render_html, render_markdown
from xaudit.report.elements.crosswalk import crosswalk_csv
from xaudit.report.elements.record import record
from xaudit.report.view.png import is_png

_RESTORE = (
    "copy the folder evidence/ again from where the audit was run, or run it again into a new "
    "folder"
)


def write_cards(
    folder: Path, html: Path | None = None, unverified: bool = False, whole: bool = False
) -> Path:
    """Write ``card.html`` and ``card.md`` from findings, verdict and evidence.

    Args:
        folder: of a finished audit.
        html: another place for the HTML; the Markdown goes beside it.
        unverified: print files too that are not those that the run wrote; the card says so.
        whole: with appendices and folded tables open, so that paper has them.

    Returns:
        Where the HTML is.

    Raises:
        ConfigError: the audit is not finished or was changed, or a picture is missing.
    """
    path = html or folder / "card.html"
    page, text = render_cards(*_content(folder, unverified), whole=whole)
    write_text(path, page)
    write_text(path.with_suffix(".md"), text)
    return path


def write_crosswalk(
    folder: Path, path: Path, html: Path | None = None, unverified: bool = False
) -> Path:
    """Write where each element of the card is asked for, as a page; with ``.csv``, as a table.

    Args:
        folder: of a finished audit.
        path: of the new file.
        html: where the card is, if not in the audit's folder; the page links to it.
        unverified: as in `write_cards`.

    Raises:
        ConfigError: the audit is not finished or was changed, or a picture is missing.
    """
    content = _content(folder, unverified)
    elements = record(content[0])
    address = quote(Path(os.path.relpath(html or folder / "card.html", path.parent)).as_posix())
    if path.suffix.lower() == ".csv":
        text = crosswalk_csv(elements)
    else:
        text = render_crosswalk(build_card(*content), elements, address)
    write_text(path, text)
    return path


def render_cards(
    findings: Findings,
    verdict: Verdict | None,
    pictures: Mapping[str, bytes],
    uses: str = "",
    unverified: tuple[str, ...] = (),
    *,
    whole: bool = False,
) -> tuple[str, str]:
    """The card as HTML and as Markdown."""
    card = build_card(findings, verdict, pictures, uses, unverified)
    return render_html(card, whole=whole), render_markdown(card)


def pictures_of(folder: Path, findings: Findings) -> dict[str, bytes]:
    """File name → content, for every picture that the gallery names.

    Raises:
        ConfigError: a picture is missing or damaged.
    """
    return {
        name: _picture(folder, name)
        for case in findings.gallery
        for name in (case.picture, *(map_.picture for map_ in case.maps))
    }


def uses_of(folder: Path) -> str:
    """How often the study was used before, as the card says it; empty without a ledger."""
    uses = saved_uses(folder)
    return uses.text if uses else ""


def _content(
    folder: Path, unverified: bool
) -> tuple[Findings, Verdict | None, dict[str, bytes], str, tuple[str, ...]]:
    changed = refuse_changed(folder, PICTURES, unverified)
    findings = read_findings(folder)
    verdict = saved_verdict(folder, unverified)
    return findings, verdict, pictures_of(folder, findings), uses_of(folder), changed


def _picture(folder: Path, name: str) -> bytes:
    path = folder / "evidence" / name
    if not path.resolve().is_relative_to((folder / "evidence").resolve()):
        raise ConfigError(f"{folder / 'findings.json'}: picture {name!r} lies outside evidence/")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: picture of the gallery: {error.strerror}; {_RESTORE}") from None
    if not is_png(content):
        raise ConfigError(f"{path}: picture of the gallery: expected a whole PNG; {_RESTORE}")
    return content
