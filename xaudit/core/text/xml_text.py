"""XML of strangers: elements, attributes and texts; no entity, no document type, not too deep."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

_DEEPEST = 64


def read_xml(content: bytes) -> Element:
    """The root element of a document.

    Args:
        content: of the file.

    Raises:
        ValueError: it is no XML, is nested too deeply, or brings a document type or entities.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError(f"elements are nested more than {_DEEPEST} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, ParseError, AssertionError, LookupError) as error:
        raise ValueError(f"it is no XML: {error}") from error


def _refuse(*_: object) -> None:
    raise ValueError("it brings a document type (DOCTYPE), which is not read; take it out")
