"""Former names of keys of audit files; this version still reads them, with a note."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from xaudit.errors import ConfigError
from xaudit.yaml_file import Location, YamlFile

_log = logging.getLogger(__name__)

FORMER: Mapping[Location, str] = {
    ("looks",): "interim",
    ("robustness", "ladders"): "corruptions",
}
"""Where a key stood → its name of today, in the same section."""


def file_of_today(file: YamlFile) -> YamlFile:
    """An audit file with the names of today; says which key has another one.

    Raises:
        ConfigError: a key is there under both of its names.
    """
    found = list(_found(file.data))
    for at, name in found:
        if (*at[:-1], name) in file.lines:
            raise ConfigError(
                f"{file.place(at)}: {_said(at)}: is called {name}, which is there too"
            )
        _log.warning(
            "%s: %s: is called %s now; a later version will not read the old name",
            file.place(at), _said(at), name,
        )  # fmt: skip
    if not found:
        return file
    lines = {_moved(at): line for at, line in file.lines.items()}
    written = {_moved(at): text for at, text in file.written.items()}
    return replace(file, data=of_today(file.data), lines=lines, written=written)


def of_today(content: Any, at: Location = ()) -> Any:  # noqa: ANN401 (what YAML or JSON may hold)
    """The content of an audit file, or of the configuration in a plan, with the names of today."""
    if not isinstance(content, Mapping):
        return content
    return {
        FORMER.get((*at, name), name): of_today(value, (*at, name))
        for name, value in content.items()
    }


def _found(content: object) -> Iterator[tuple[Location, str]]:
    for at, name in FORMER.items():
        part = content
        for key in at:
            part = part.get(key) if isinstance(part, Mapping) else None
        if part is not None:
            yield at, name


def _moved(location: Location) -> Location:
    for at, name in FORMER.items():
        if location[: len(at)] == at:
            return (*at[:-1], name, *location[len(at) :])
    return location


def _said(at: Location) -> str:
    return ".".join(map(str, at))
