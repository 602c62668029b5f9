"""Scans of a JPEG, complete or not: libjpeg paints the rest gray and says nothing."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass, field

from PIL import Image

_BAND = 256
"""Rows that are compared at a time."""
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_BEFORE_MARKER = re.compile(rb"(?=\xff[^\x00\xff])")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SOS, _EOI, _DRI = 0xDA, 0xD9, 0xDD
_PROGRESSIVE = {0xC2, 0xCA}
_FILLER = bytes((37 * position + 91) % 255 for position in range(64))
"""Bits that no decoder needs where a scan is complete, and that show in pixels where it is not."""


@dataclass(slots=True)
class _Scans:
    """What the markers of a JPEG say.

    Attributes:
        size: (height, width).
        sampling: component → (horizontal, vertical).
        progressive: whether coefficients come in several scans.
        interval: blocks between restart markers; 0 for none.
        places: start and end of the data of every scan.
        restarts: whether a scan has fewer restart markers than it needs.
        left: component → coefficient → bits that are still to come.
    """

    size: tuple[int, int] = (0, 0)
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    progressive: bool = False
    interval: int = 0
    places: list[tuple[int, int]] = field(default_factory=list)
    restarts: bool = False
    left: dict[int, dict[int, int]] = field(default_factory=dict)


def missing_in_jpeg(
    content: bytes, loaded: Image.Image | None = None, rows: int | None = None
) -> str | None:
    """What is missing from the data of a JPEG; None where all are there.

    Where restart markers or scans are missing, the markers tell. Where a scan stops early, bits
    added to its end change the picture: a decoder that has all that it needs never reads them.

    Args:
        content: the file.
        loaded: the decoded image; decoded here where it is left out.
        rows: how many rows it has to hold, where another header announces them.
    """
    scans = _read_markers(content)
    if rows is not None and scans.size[0] < rows:
        return f"a strip of {rows} rows holds a JPEG of {scans.size[0]}"
    if scans.restarts or not scans.places:
        return "restart markers or whole scans of its pixel data are missing"
    if scans.progressive and any(
        any(coefficients.values()) for coefficients in _all_coefficients(scans)
    ):
        return "scans of its progressive pixel data are missing"
    return "its pixel data end before the last row" if _hungry(content, scans, loaded) else None


def _hungry(content: bytes, scans: _Scans, loaded: Image.Image | None) -> bool:
    """Whether bits that are added before every marker of a scan change the picture."""
    fed, at = [], 0
    for start, end in scans.places:
        fed += [content[at:start], _BEFORE_MARKER.sub(_FILLER, content[start:end]), _FILLER]
        at = end
    return not _same(loaded or _decoded(content[:at]), _decoded(b"".join(fed)))


def _same(first: Image.Image, second: Image.Image) -> bool:
    boxes = [(0, top, first.width, min(top + _BAND, first.height))
             for top in range(0, first.height, _BAND)]  # fmt: skip
    return first.size == second.size and all(
        first.crop(box).tobytes() == second.crop(box).tobytes() for box in boxes
    )


def _decoded(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content + b"\xff\xd9"), formats=["JPEG"])
    image.load()
    return image


def _read_markers(content: bytes) -> _Scans:
    scans, at = _Scans(), 2
    while at + 4 <= len(content):
        if content[at] != 0xFF or content[at + 1] in {0xFF, 0x00}:
            at += 1
            continue
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if marker == _EOI:
            break
        body = content[at + 4 : at + 2 + length]
        at += 2 + length
        if marker in _FRAMES:
            _read_frame(scans, body, marker)
        elif marker == _DRI:
            scans.interval = int.from_bytes(body[:2])
        elif marker == _SOS:
            at = _read_scan(scans, content, body, at)
    return scans


def _read_frame(scans: _Scans, body: bytes, marker: int) -> None:
    scans.size = (int.from_bytes(body[1:3]), int.from_bytes(body[3:5]))
    scans.progressive = marker in _PROGRESSIVE
    for place in range(6, 6 + 3 * body[5], 3):
        number, factors = body[place], body[place + 1]
        scans.sampling[number] = (max(factors >> 4, 1), max(factors & 15, 1))


def _read_scan(scans: _Scans, content: bytes, body: bytes, start: int) -> int:
    """Note one scan; returns where it ends."""
    found = _SCAN_END.search(content, start)
    end = found.start() if found else len(content)
    components = [body[1 + 2 * place] for place in range(body[0])]
    scans.places.append((start, end))
    first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
    for component in components:
        left = scans.left.setdefault(component, {})
        left.update(dict.fromkeys(range(first, last + 1), bits & 15))
    if scans.interval:
        needed = math.ceil(_blocks(scans, components) / scans.interval) - 1
        there = len(_RESTART.findall(content, start, end))
        scans.restarts |= there < needed
    return end


def _blocks(scans: _Scans, components: list[int]) -> int:
    """How many units a scan codes (ITU T.81, A.2)."""
    height, width = scans.size
    widest = max(across for across, _ in scans.sampling.values())
    tallest = max(down for _, down in scans.sampling.values())
    if len(components) > 1:
        return math.ceil(width / (8 * widest)) * math.ceil(height / (8 * tallest))
    across, down = scans.sampling[components[0]]
    columns, rows = math.ceil(width * across / widest), math.ceil(height * down / tallest)
    return math.ceil(columns / 8) * math.ceil(rows / 8)


def _all_coefficients(scans: _Scans) -> list[dict[int, int]]:
    """Of every component, what is left of every coefficient; 1 where no scan held it."""
    return [dict.fromkeys(range(64), 1) | scans.left.get(number, {}) for number in scans.sampling]
