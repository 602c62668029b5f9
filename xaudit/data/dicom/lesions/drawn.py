"""What an object draws on an image, and why something that it draws is left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from xaudit.core.case import Region
from xaudit.core.message import Message

OPEN = Message("lines and points, which enclose nothing")
NO_PLACE = Message("contours in millimeters of an image whose place in the patient is not recorded")
TURNED = Message("graphics of a display that is turned or magnified")
EMPTY = Message("empty segments")
COMPOUND = Message("compound graphics")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One region of one image.

    Attributes:
        uid: SOP Instance UID of the image; empty where the object does not say it.
        frame: from 0; None for every frame.
        region: on the grid of the image.
        name: of the segment, contour, finding or layer.
        told: whether the name may be told: it is none of those that PS3.15 removes.
    """

    uid: str
    frame: int | None
    region: Region
    name: str
    told: bool = True


@dataclass(slots=True)
class Drawing:
    """All that objects draw.

    Attributes:
        drawn: region by region.
        left_out: why → how many.
        unclear: images of which something was left out that may have been a lesion.
    """

    drawn: list[Drawn] = field(default_factory=list)
    left_out: Counter[Message] = field(default_factory=Counter)
    unclear: set[str] = field(default_factory=set)

    def leave_out(self, why: Message, *uids: str) -> None:
        """Count what encloses nothing or cannot be placed, and of which images it speaks."""
        self.left_out[why] += 1
        self.unclear.update(uids)

    def add(self, other: Drawing) -> None:
        """Take over what another one holds."""
        self.drawn += other.drawn
        self.left_out += other.left_out
        self.unclear |= other.unclear
