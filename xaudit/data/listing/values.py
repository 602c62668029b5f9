"""Values of strangers' files: taken as what they have to be, or refused in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xaudit.data.annotations.polygons import Ring
from xaudit.errors import DataError

_LONGEST = 200
_LARGEST = 1e9


def an_object(value: object, where: str) -> dict[str, Any]:
    """An object of JSON.

    Args:
        value: what came.
        where: what is read, for a message.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected an object, got {_short(value)}")
    return value


def a_list(value: object, where: str) -> list[Any]:
    """A list of JSON.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, list):
        raise DataError(f"{where}: expected a list, got {_short(value)}")
    return value


def a_name(value: object, where: str) -> str:
    """A name of a class or of a file: one line of 1 to 200 characters; numbers become text.

    Raises:
        DataError: it is none.
    """
    text = str(value).strip() if isinstance(value, str | int) else ""
    if isinstance(value, bool) or not text.isprintable() or not 0 < len(text) <= _LONGEST:
        raise DataError(f"{where}: expected a name of 1 to {_LONGEST} characters, got "
                        f"{_short(value)}")  # fmt: skip
    return text


def a_path(value: object, where: str) -> str:
    """A path or address of an image, of at most 2,000 characters.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > 2000 or "\0" in value:
        raise DataError(f"{where}: expected the path of an image, got {_short(value)}")
    return value.strip()


def a_number(value: object, where: str) -> float:
    """A finite number, or the text of one.

    Raises:
        DataError: it is none.
    """
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not abs(number) < _LARGEST:
        raise DataError(f"{where}: expected a number, got {_short(value)}")
    return number


def a_count(value: object, where: str) -> int:
    """A whole number, not negative.

    Raises:
        DataError: it is none.
    """
    number = a_number(value, where)
    if number < 0 or number != int(number):
        raise DataError(f"{where}: expected a whole number, got {_short(value)}")
    return int(number)


def a_size(height: object, width: object, where: str) -> tuple[int, int] | None:
    """(height, width) of an image; None where both are missing or 0.

    Raises:
        DataError: they are no whole numbers.
    """
    sides = a_count(height or 0, where), a_count(width or 0, where)
    return sides if all(sides) else None


def a_ring(value: Sequence[object], where: str) -> Ring:
    """Corners from numbers x, y, x, y, ...

    Raises:
        DataError: they are no such numbers, or fewer than three corners.
    """
    if len(value) < 6 or len(value) % 2:
        raise DataError(
            f"{where}: a polygon has three corners or more, x and y each, got {len(value)} numbers"
        )
    flat = [a_number(one, where) for one in value]
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def pairs(value: object, where: str) -> list[object]:
    """Numbers x, y, x, y, ... from a list of pairs.

    Raises:
        DataError: it is none.
    """
    points = [a_list(one, where) for one in a_list(value, where)]
    if any(len(point) != 2 for point in points):
        raise DataError(f"{where}: expected points [x, y], got {_short(value)}")
    return [one for point in points for one in point]


def _short(value: object) -> str:
    return "nothing" if value is None else repr(value)[:60]
