"""Patterns that find the patient, and columns, in the path of an image."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xaudit.errors import DataError

_LONGEST, _MOST_REPEATS, _MOST_CHOICES = 200, 2, 4
_LONGEST_PATH = 300
"""With two repeats, a search takes at most the third power of it in steps."""
_EXPORTED_COPY = re.compile(r"(.{1,300})\.rf\.[0-9A-Za-z]{16,64}")
"""How Roboflow names the copies that it makes of one image."""


class PathPattern:
    """A regular expression whose time is bounded: it may be written by anybody.

    Args:
        text: at most 200 characters, two repeats, none of them of a group, and four choices.

    Raises:
        DataError: it is no such expression, or has no group.
    """

    def __init__(self, text: str) -> None:
        where = "data.options.patient_pattern"
        repeats = re.findall(r"(?<!\\)(?:[*+]|\{[0-9]*,[0-9]*\})", text)
        choices = re.findall(r"(?<![\\(])[?|]", text)
        repeated = re.search(r"(?<!\\)\)[*+{?]", text)
        if (
            len(text) > _LONGEST
            or len(repeats) > _MOST_REPEATS
            or len(choices) > _MOST_CHOICES
            or repeated
        ):
            raise DataError(
                f"{where}: expected at most {_LONGEST} characters, {_MOST_REPEATS} repeats (*, +, "
                f"{{n,m}}), none of a group, and {_MOST_CHOICES} choices (?, |), got {text[:60]!r}"
            )
        try:
            self._pattern = re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise DataError(f"{where}: {text[:60]!r} is no regular expression: {error}") from error
        if not self._pattern.groups:
            raise DataError(f"{where}: expected a group, as in '^(\\d+)_', got {text[:60]!r}")

    def read(self, path: str) -> tuple[str, Mapping[str, str]]:
        """The patient, empty for none, and the named columns.

        Args:
            path: of the image below the root, with slashes.

        Raises:
            ValueError: it does not fit, or the path is longer than 300 characters.
        """
        if len(path) > _LONGEST_PATH:
            raise ValueError(f"the path has {len(path)} characters, at most {_LONGEST_PATH}")
        found = self._pattern.search(path)
        if found is None:
            raise ValueError("the pattern fits nowhere")
        named = {name: text or "" for name, text in found.groupdict().items()}
        patient = named.pop("patient", "" if named else found[1] or "")
        return patient, named


def original_of(stem: str) -> str:
    """The name of the image that Roboflow made this one of; the name itself for others."""
    found = _EXPORTED_COPY.fullmatch(stem)
    return found[1] if found else stem
