"""The port for forms in which a manifest writes lesions; a form is a column of its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xaudit.core.case import Region
from xaudit.core.registry import Registry


@dataclass(frozen=True, slots=True)
class AnnotationCell:
    """What stands in the column of a form, of one image.

    Attributes:
        value: a text of CSV, or what JSON holds there; empty or None for nothing.
        root: folder of the study, outside of which nothing is read.
        even_odd: whether the audit file declares rings within each other as holes.
    """

    value: object
    root: Path
    even_odd: bool = False

    def lesions(self) -> list[object]:
        """The members of a JSON list, one for each lesion; empty where nothing is written.

        Raises:
            ValueError: what was expected and what came.
        """
        content = self.value
        if isinstance(content, str):
            if not content.strip():
                return []
            try:
                content = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"expected a JSON list, got {content[:40]!r} ({error})") from error
        if content is None:
            return []
        if not isinstance(content, list):
            raise ValueError(f"expected a list of lesions, got {repr(content)[:60]}")
        return content


Form = Callable[[AnnotationCell], Sequence[Region]]
"""Makes outlines of a cell; raises ValueError, what was expected and what came."""

FORMS: Registry[Form] = Registry(
    "annotation form", entry_points="xaudit.annotations", package="xaudit.data.annotation_forms"
)
_LARGEST = 1e9
"""No coordinate or run is longer; NaN and infinity fail the comparison too."""


def numbers_of(value: object) -> Sequence[float]:
    """A list of finite numbers.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list) or not all(_is_number(one) for one in value):
        raise ValueError(f"expected a list of finite numbers, got {short(value)}")
    return [float(one) for one in value]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < _LARGEST


def short(value: object) -> str:
    """A value in an error, cut off."""
    return repr(value)[:60]
