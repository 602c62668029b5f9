"""Rendering of the view model to one HTML file, or Markdown; the same bytes for the same card."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from xaudit.core.text.markdown import markdown_text
from xaudit.core.text.printable import printable
from xaudit.report.elements.crosswalk import NOTES, crosswalk_table, lead
from xaudit.report.elements.record import Element
from xaudit.report.language.translation import current, is_foreign, tr
from xaudit.report.view.assets import template_root
from xaudit.report.view.markup import anchor, linker, unbroken
from xaudit.report.view.model import ModelCard
from xaudit.report.view.page_language import spoken


def render_html(card: ModelCard, template: str = "card.html.j2", whole: bool = False) -> str:
    """One HTML file that loads nothing; its policy allows its own style and script only.

    Args:
        card: what it says.
        template: of the page.
        whole: with appendices and folded tables open, so that they are printed.
    """
    return _page(template, card, ("card.js", "tables.js"), twin=Markup(card.twin), whole=whole)


def render_crosswalk(card: ModelCard, elements: Sequence[Element], address: str) -> str:
    """The cross-walk as a page of its own.

    Args:
        card: whose elements they are.
        elements: its record.
        address: of the card's page, for links to its elements.
    """
    table = crosswalk_table(elements, address)
    return _page("crosswalk.html.j2", card, ("tables.js",), table=table, lead=lead(elements),
                 notes=NOTES)  # fmt: skip


def _page(template: str, card: ModelCard, scripts: Sequence[str], **parts: object) -> str:
    root = template_root()
    running = printable(" ".join(card.running.split()))
    running = running.replace("\\", "").replace('"', "'").replace("<", "‹")
    style = spoken((root / "card.css").read_text("utf-8")).replace("@RUNNING@", running)
    script = "".join((root / name).read_text("utf-8") for name in scripts)
    script = printable(spoken(script, card.sentences), lines=True)
    return (
        environment(escape=True)
        .get_template(template)
        .render(
            card=card,
            style=Markup(style),
            script=Markup(script),
            style_hash=content_hash(style),
            script_hash=content_hash(script),
            setter=linker(name for section in card.sections for name in section.linked),
            **{"whole": True, **parts},
            numbers={f"#{section.id}": section.number for section in card.sections},
        )
    )


def render_markdown(card: ModelCard) -> str:
    """The card without pictures, for a repository or a terminal."""
    return environment(escape=False).get_template("card.md.j2").render(card=card)


def content_hash(text: str) -> str:
    """A source of a Content-Security-Policy that allows exactly this block."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def environment(escape: bool) -> Environment:
    """Templates of the package; a name that is not given is an error.

    Whatever they show is made printable here, by no filter that a template could forget.
    """
    environment = Environment(
        loader=FileSystemLoader(template_root()),
        autoescape=escape,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["drawing"] = Markup
    environment.globals |= {"tr": tr, "lang": _lang, "language": _language}
    environment.filters["md"] = markdown_text
    environment.filters["unbroken"] = unbroken
    environment.filters["anchor"] = anchor
    return environment


def _finalized(value: object) -> object:
    """What a template shows, before it is escaped."""
    if not isinstance(value, str):
        return value
    shown = printable(value, lines=True)
    return Markup(shown) if isinstance(value, Markup) else shown


def _language() -> str:
    return current().language


def _lang(text: str) -> str:
    """The attribute of a cell that stayed English."""
    return Markup(' lang="en"') if is_foreign(text) else ""
