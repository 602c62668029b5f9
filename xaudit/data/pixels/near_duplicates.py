"""Images that are the same picture in different files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from xaudit.core.case import Case, CaseIssue
from xaudit.core.message import Message, listed
from xaudit.data.pixels.images import to_gray
from xaudit.errors import DataError

_HASH = (9, 8)
"""Width and height of the picture that is hashed: 8 differences in each of 8 rows."""
_THUMBNAIL = 64
_NEAR = 10
"""Differing bits of 64 up to which two pictures are compared pixel by pixel."""
_SAME = 0.995
"""Correlation of thumbnails from which on two pictures are called the same."""
_BLOCK = 2048
_READERS = 4

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Print:
    """What is kept of an image.

    Attributes:
        pixels: SHA-256 of size and gray values.
        signs: (64,), 1 where a pixel is darker than its right neighbor, else -1.
        thumbnail: (4096,) half precision, mean 0 and length 1; zeros where the image is constant.
    """

    pixels: str
    signs: FloatArray
    thumbnail: npt.NDArray[np.float16]


def near_duplicates(cases: Sequence[Case]) -> tuple[CaseIssue, ...]:
    """Which images show the same picture: pixel by pixel, or recompressed, resized, brightened?

    Difference hash of the decoded image (Krawetz 2013); pairs with at most 10 of 64 differing bits
    are verified by the correlation of 64 x 64 thumbnails, 0.995 at least. Mirrored, turned or
    cropped copies are not found. Images that cannot be read are left to the other checks. Each
    later image is named with the first one that it repeats; other patients and other labels are
    said.

    Args:
        cases: of the study.
    """
    read = _prints(cases)
    found: dict[int, tuple[int, float]] = {}
    for first, second, correlation in _pairs([one for _, one in read]):
        found.setdefault(second, (first, correlation))
    return tuple(
        _issue(*read[first], *read[second], correlation)
        for second, (first, correlation) in sorted(found.items())
    )


def same_pictures(cases: Sequence[Case]) -> Iterator[tuple[Case, Case]]:
    """All pairs of images that show the same picture, as `near_duplicates` finds them.

    Args:
        cases: whose images are decoded; the first of a pair stands before the second.
    """
    read = _prints(cases)
    for first, second, _ in _pairs([one for _, one in read]):
        yield read[first][0], read[second][0]


def _prints(cases: Sequence[Case]) -> list[tuple[Case, _Print]]:
    with ThreadPoolExecutor(_READERS) as pool:
        prints = list(pool.map(_print, cases))
    return [(case, one) for case, one in zip(cases, prints, strict=True) if one is not None]


def _print(case: Case) -> _Print | None:
    try:
        gray = to_gray(case.image.upright())
    except DataError:
        return None
    gray = np.ascontiguousarray(gray, dtype=np.float32)
    picture = Image.fromarray(gray)
    small = np.asarray(picture.resize(_HASH, Image.Resampling.BOX))
    signs = np.where(small[:, 1:] > small[:, :-1], 1.0, -1.0).astype(np.float32)
    flat = np.asarray(picture.resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)).ravel()
    flat = flat - flat.mean()
    length = float(np.linalg.norm(flat))
    constant = length <= 1e-6 * max(1.0, float(np.abs(gray).max())) * _THUMBNAIL
    thumbnail = np.zeros_like(flat) if constant else flat / length
    digest = hashlib.sha256(repr(gray.shape).encode() + gray.tobytes()).hexdigest()
    return _Print(digest, signs.ravel(), thumbnail.astype(np.float16))


def _pairs(prints: Sequence[_Print]) -> Iterator[tuple[int, int, float]]:
    """(earlier, later, correlation), in the order of the earlier one; 1 for equal pixels."""
    if not prints:
        return
    signs = np.stack([one.signs for one in prints])
    for start in range(0, len(prints), _BLOCK):
        differing = (signs.shape[1] - signs[start : start + _BLOCK] @ signs.T) / 2
        rows, columns = np.nonzero(differing <= _NEAR)
        for row, later in zip((rows + start).tolist(), columns.tolist(), strict=True):
            if later <= row:
                continue
            if prints[row].pixels == prints[later].pixels:
                yield row, later, 1.0
                continue
            correlation = _correlation(prints[row], prints[later])
            if correlation >= _SAME:
                yield row, later, min(correlation, 1.0)


def _correlation(one: _Print, other: _Print) -> float:
    return float(one.thumbnail.astype(np.float64) @ other.thumbnail.astype(np.float64))


def _issue(
    first: Case, original: _Print, second: Case, copy: _Print, correlation: float
) -> CaseIssue:
    same = original.pixels == copy.pixels
    notes = [
        Message("has the same pixels as {case}", case=first.case_id)
        if same
        else Message(
            "looks like ({correlation:.3f} of 1) {case}",
            correlation=correlation,
            case=first.case_id,
        )
    ]
    if first.patient != second.patient:
        notes.append(Message("which is counted as another patient"))
    if first.label != second.label:
        notes.append(
            Message(
                "which is labeled {label}, this one {other}",
                label=str(first.label),
                other=str(second.label),
            )
        )
    kind = "same_pixels" if same else "near_duplicate"
    return CaseIssue(second.case_id, kind, listed(notes, len(notes)), "noted")
