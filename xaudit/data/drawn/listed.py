"""Boxes as a file lists them, before anybody knows which image they are of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ListedBox:
    """A box of a file.

    Attributes:
        image: its name in the file.
        sides: left, top, width and height; parts of the sides of the image where ``parts``.
        score: as written.
        kind: class, as written; empty where the file has none.
        where: place in the file, for messages.
        parts: of the image, not pixels.
    """

    image: str
    sides: tuple[float, float, float, float]
    score: float
    kind: str
    where: str
    parts: bool = False


@dataclass(slots=True)
class ListedBoxes:
    """All boxes of a file or folder.

    Attributes:
        boxes: in the order of the file.
        silent: images of which the file says that nothing was found.
    """

    boxes: list[ListedBox] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
