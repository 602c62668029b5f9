"""A page for each case of a study, and an index that sorts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from xaudit.report.cards.render import content_hash, environment
from xaudit.report.view.assets import template_root


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the index; ``value`` is what it sorts by, None for its text."""

    text: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One case in the index."""

    case_id: str
    file: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CaseIndex:
    """The index; its first column is the case."""

    title: str
    lead: str
    columns: tuple[str, ...]
    rows: tuple[IndexRow, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The radiograph alone, or under a map."""

    name: str
    overlay: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A radiograph with its maps.

    Attributes:
        radiograph: data URI.
        width: in pixels.
        height: in pixels.
        outlines: SVG path data of the lesions, in units of width and height.
    """

    radiograph: str
    width: str
    height: str
    outlines: tuple[str, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case.

    Attributes:
        facts: name and text.
        picture: None where none was kept.
        without: why there is no picture.
        index: link to the index.
        before: link to the case before; empty for the first.
        after: link to the case after; empty for the last.
    """

    case_id: str
    facts: tuple[tuple[str, str], ...]
    picture: Picture | None
    without: str
    index: str
    before: str
    after: str


def render_index(index: CaseIndex) -> str:
    """The index; asks nothing of the network."""
    script = (template_root() / "pages.js").read_text("utf-8")
    return (
        _pages()
        .get_template("cases.html.j2")
        .render(index=index, script=Markup(script), script_hash=content_hash(script), **_style())
    )


def render_case(page: CasePage) -> str:
    """One page; asks nothing of the network."""
    return _pages().get_template("case.html.j2").render(page=page, **_style())


@cache
def _pages() -> Environment:
    return environment(escape=True)


@cache
def _style() -> dict[str, str]:
    style = (template_root() / "pages.css").read_text("utf-8")
    return {"style": Markup(style), "style_hash": content_hash(style)}
