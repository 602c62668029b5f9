"""Choice of engine: xaudit's own batched path, or the library that it is tested against."""

from __future__ import annotations

ENGINES = ("xaudit", "library")


def check_engine(name: str) -> None:
    """Refuse an unknown engine.

    Raises:
        ValueError: with the names that there are.
    """
    if name not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}, got {name!r}")
