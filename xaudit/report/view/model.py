"""View model that the templates print: strings, tables and drawings, nothing to compute."""

from __future__ import annotations

from dataclasses import dataclass, field

from xaudit.report.language.translation import later


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict in shape, word and class."""

    word: str
    sign: str


WORDS = (later("pass"), later("fail"), later("inconclusive"), later("waived"))
MARKS = {
    "pass": Mark("pass", "●"),
    "fail": Mark("fail", "■"),
    "inconclusive": Mark("inconclusive", "◇"),
    "waived": Mark("waived", "▲"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the first screen: the words, and the figures under them."""

    question: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure that a reader looks for first; where it has no value, the detail says why."""

    title: str
    value: str
    limits: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule did not pass, in one sentence; the link leads to what was measured."""

    mark: Mark
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row is its header, ``marks`` puts a verdict before it.

    Attributes:
        folded: shown as its caption alone until it is opened; printed in full.
        links: for each row the place in the page that its header leads to, "" for none.
        anchors: for each row the name under which it can be linked to.
        kind: class of the element, for tables that look otherwise.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    marks: tuple[Mark | None, ...] = ()
    folded: bool = False
    links: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with a sentence that says what to see."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One panel of a gallery case."""

    name: str
    title: str
    overlay: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoxShape:
    """A box on a picture.

    Attributes:
        x: of its left side, as all of these in units of the view box.
        label: its probability.
        label_y: where that is written.
        finds: whether it finds a lesion.
    """

    x: str
    y: str
    width: str
    height: str
    label: str
    label_y: str
    finds: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One case of the gallery.

    Attributes:
        outlines: SVG path data on a view box of ``width`` × ``height``.
        boxes: that the detector draws there.
    """

    anchor: str
    case_id: str
    reason: str
    facts: str
    picture: str
    width: str
    height: str
    outlines: tuple[str, ...]
    layers: tuple[Layer, ...]
    boxes: tuple[BoxShape, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that are shown for the same reason."""

    title: str
    cases: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the card; ``missing`` says what was not declared or measured here.

    Attributes:
        appendix: proof rather than what decides: closed on the screen until it is opened.
        terms: words and what they mean.
        linked: those of the terms that text anywhere on the page links to.
    """

    id: str
    number: str
    title: str
    lead: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    gallery: tuple[Group, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    linked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    appendix: bool = False


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What decides, on one page.

    Attributes:
        alarm: that something else than the fracture decides; empty where that was not found.
        reasons: of the rules that did not pass, failures first.
        more: how many of them are not among these; empty where none is left.
        cases: of the gallery, whose pictures are shown once more.
    """

    alarm: str
    reasons: tuple[Reason, ...]
    more: str
    headlines: tuple[Headline, ...]
    figures: tuple[Figure, ...]
    cases: tuple[FrontCase, ...]


@dataclass(frozen=True, slots=True)
class FrontCase:
    """A case of the gallery: the film, and one of its maps.

    Attributes:
        shown: the case, as the gallery has it.
        layer: number of the map among its layers; None where it has none.
        caption: why it is here.
    """

    shown: Shown
    layer: int | None
    caption: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """All that the templates print.

    Attributes:
        front: what stands between the verdict and the answers; None on pages without it.
        sentences: for each finding what the list of all of them says besides numbers.
    """

    title: str
    subtitle: str
    running: str
    verdict: Mark | None
    verdict_text: str
    verdict_counts: str
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    twin: str
    footer: str = ""
    warnings: tuple[str, ...] = field(default=())
    sentences: tuple[tuple[str, str], ...] = ()
    kind: str = later("model card")
    kind_long: str = later("Model card of a fracture detector")
    front: FrontPage | None = None
