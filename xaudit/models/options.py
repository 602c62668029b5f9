"""Options of a reader of models, as an audit file gives them: known, there, and of their type."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from xaudit.errors import DetectorError

SPEC = "spec"
"""A parameter of a reader that is no option: it gets the whole declaration."""
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def checked_options(
    read: Callable[..., object], kind: str, given: Mapping[str, object]
) -> dict[str, object]:
    """The options, if the reader has them and they are what its annotations say.

    Args:
        read: ``read(path, **options)``; an option without an annotation may be anything.
        kind: name of the format.
        given: as declared.

    Raises:
        DetectorError: an option is unknown, missing or of another type.
    """
    _, *known = inspect.signature(read).parameters.values()
    known = [one for one in known if one.name != SPEC]
    names = [one.name for one in known]
    for name in given:
        if name not in names:
            raise DetectorError(
                f"detector.arguments.{name}: format {kind} has no such option; there is: "
                f"{', '.join(names) or 'none'}"
            )
    for one in known:
        if one.kind in _NAMED and one.default is one.empty and one.name not in given:
            raise DetectorError(
                f"detector.arguments.{one.name}: is missing; format {kind} needs it"
            )
    hints = _hints(read)
    return {name: _checked(name, value, hints.get(name)) for name, value in given.items()}


def _hints(read: Callable[..., object]) -> Mapping[str, Any]:
    try:
        return get_type_hints(read, include_extras=True)
    except (NameError, TypeError):
        # Of a package that imports its types for the type checker alone.
        return {}


def _checked(name: str, value: object, hint: Any) -> object:  # noqa: ANN401
    if hint is None:
        return value
    try:
        return TypeAdapter(hint).validate_python(value, strict=True)
    except ValidationError as error:
        said = error.errors()[0]["msg"]
        raise DetectorError(
            f"detector.arguments.{name}: {said[0].lower()}{said[1:]}, got {repr(value)[:200]}"
        ) from None
