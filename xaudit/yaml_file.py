"""YAML with the line of every key, and every mistake of a file in one message."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from operator import eq
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from xaudit.errors import ConfigError

T = TypeVar("T")
Location = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
OURS = "XAUDIT_"
"""How the variables begin that every file may read."""
# NUL, and halves of pairs, which no encoder takes.
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_MAX_BYTES = 1024 * 1024
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The content of a YAML file and where each part of it stands.

    Attributes:
        path: the file.
        data: plain Python objects.
        lines: location (keys and indices from the root) → line, from 1.
        written: location → text as it stands in the file, where a variable that ``--env`` names
            went into the value; what it holds is printed in no message.
    """

    path: Path
    data: Any
    lines: dict[Location, int]
    written: Mapping[Location, str] = field(default_factory=dict)

    def place(self, location: Location) -> str:
        """``file:line`` of the location, or of the nearest part above it that is in the file."""
        while location and location not in self.lines:
            location = location[:-1]
        return f"{self.path}:{self.lines.get(location, 1)}"

    def parse(self, kind: type[T], open_at: Collection[Location] = ()) -> T:
        """The content as an object of this type.

        Args:
            kind: of the object.
            open_at: locations that are left open; what follows from them is not told.

        Raises:
            ConfigError: one line for each mistake, with its place and what was expected.
        """
        try:
            return TypeAdapter(kind).validate_python(self.data)
        except ValidationError as error:
            errors = _without_followers(error.errors())
            told = [one for one in errors if not _touches(one["loc"], open_at)]
            raise ConfigError([self._describe(one, kind) for one in told]) from None

    def _describe(self, error: ErrorDetails, kind: type[object]) -> str:
        location: Location = error["loc"]
        key = ".".join(map(str, location)) or "the file"
        if error["type"] == "extra_forbidden":
            return f"{self.place(location)}: {key}: no such key; {_hint(location[-1], kind)}"
        if error["type"] == "missing":
            return f"{self.place(location)}: {key}: is missing"
        message, given = error["msg"].removeprefix("Value error, "), error["input"]
        if location in self.written:
            message = message.replace(str(given), self.written[location])
            given = self.written[location]
        got = "" if isinstance(given, dict | list) else f", got {given!r}"
        said = "" if got and repr(given) in message else got
        return f"{self.place(location)}: {key}: {message}{said}"


def _without_followers(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without lists that are too short only because an item of theirs has a mistake."""
    places = [one["loc"] for one in errors]

    def follows(one: ErrorDetails) -> bool:
        place = one["loc"]
        return one["type"] == "too_short" and any(
            len(other) > len(place) and other[: len(place)] == place for other in places
        )

    return [one for one in errors if not follows(one)]


def _touches(location: Location, others: Collection[Location]) -> bool:
    """Whether it is above one of the others, at it or below it."""
    return any(all(map(eq, location, other)) for other in others)


def _hint(key: str | int, kind: type[object]) -> str:
    near = get_close_matches(str(key), _keys(TypeAdapter(kind).json_schema()), 1)
    meant = f"did you mean {near[0]}? " if near else ""
    if near == [key]:
        meant = "there is one in another section; "
    return f"{meant}`xaudit schema {kind.__name__.removesuffix('Config').lower()}` lists them"


def _keys(schema: object) -> set[str]:
    """Every key that a JSON Schema names, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(_keys, schema))
    if not isinstance(schema, dict):
        return set()
    here = schema.get("properties", {})
    return set(here).union(*map(_keys, schema.values()))


def read_yaml(path: Path, env: Collection[str] = ()) -> YamlFile:
    """Read a YAML file; ``${NAME}`` and ``${NAME:-default}`` take environment variables.

    A file may come from anywhere, and the environment holds tokens: it reads only variables that
    are meant for it, whose names begin with ``XAUDIT_``, and those that its reader names.

    Args:
        path: the file.
        env: names of further variables that it may read.

    Raises:
        ConfigError: the file cannot be read, is not YAML, repeats a key, or names variables that
            it may not read or that are not set.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: over {_MAX_BYTES} bytes; this is not a configuration")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from None
    try:
        _refuse_bombs(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = _Loader(text).get_single_data()
    except ConfigError:
        raise
    except Exception as error:  # a value that its tag does not fit raises nearly anything
        told = str(error) if isinstance(error, yaml.YAMLError | ValueError) else repr(error)
        raise ConfigError(f"{path}: is not YAML that can be read: {told}") from None
    lines: dict[Location, int] = {}
    if node is not None:
        _walk(node, (), lines, path)
    found = _Expansion(frozenset(env))
    file = YamlFile(path, found.expand(data, ()), lines, found.written)
    if found.problems:
        raise ConfigError([f"{file.place(place)}: {told}" for place, told in found.problems])
    return file


class _Loader(yaml.SafeLoader):
    """Leaves a day that is none, such as 2027-02-30, a text: its reader knows which key has it."""


def _day(loader: _Loader, node: yaml.ScalarNode) -> date | str:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _day)


def _refuse_bombs(text: str, path: Path) -> None:
    """Aliases multiply what is read, and the time for nested brackets grows with their square."""
    deep = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{path}: YAML aliases (*name) are not read here; write it out")
        deep += isinstance(event, yaml.CollectionStartEvent)
        deep -= isinstance(event, yaml.CollectionEndEvent)
        if deep > _DEEPEST:
            raise ConfigError(f"{path}: nested over {_DEEPEST} deep; this is not a configuration")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not UTF-8 text"


def _walk(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> None:
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*location, str(key.value))
            if below in lines:
                line = key.start_mark.line + 1
                raise ConfigError(f"{path}:{line}: {key.value}: stands twice in one section")
            lines[below] = key.start_mark.line + 1
            _walk(value, below, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*location, index), lines, path)


@dataclass(frozen=True, slots=True)
class _Expansion:
    """Puts environment variables where a file names them; notes what it may not have."""

    env: frozenset[str]
    written: dict[Location, str] = field(default_factory=dict)
    problems: list[tuple[Location, str]] = field(default_factory=list)

    def expand(self, data: object, at: Location) -> object:
        if isinstance(data, dict):
            plain = ((str(key), value) for key, value in data.items())
            return {self._text(key, at): self.expand(value, (*at, key)) for key, value in plain}
        if isinstance(data, list):
            return [self.expand(value, (*at, index)) for index, value in enumerate(data)]
        if not isinstance(data, str):
            return data
        return self._text(_VARIABLE.sub(lambda match: self._value(match, at), data), at)

    def _text(self, text: str, at: Location) -> str:
        if _NO_TEXT.search(text):
            self.problems.append((at, "holds a character that no text and no path has"))
        return text

    def _value(self, match: re.Match[str], at: Location) -> str:
        name = match["name"]
        if not name.startswith(OURS) and name not in self.env:
            self.problems.append(
                (at, f"${{{name}}}: a file reads only environment variables that begin with "
                     f"{OURS}; call it {OURS}{name}, or allow it with --env {name}")
            )  # fmt: skip
            return match[0]
        value = os.environ[name] if name in os.environ else match["default"]
        if value is None:
            self.problems.append((at, f"environment variable {name} is not set"))
            return match[0]
        if name in self.env:
            self.written[at] = match.string
        return value
