"""Paths of a study stay in its folder."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath


def inside_root(root: Path, text: str) -> Path:
    """The absolute path of a file of the study; it need not exist.

    Raises:
        ValueError: the path is empty, absolute, goes up, or leaves the root by a symbolic link.
    """
    if not text or "\0" in text:
        raise ValueError(f"expected a path below the root, got {text!r}")
    relative = Path(text)
    if relative.is_absolute() or PureWindowsPath(text).is_absolute() or ".." in relative.parts:
        raise ValueError(f"expected a path below the root without '..', got {text!r}")
    try:
        path = (root / relative).resolve()
        path.exists()  # a name that is too long for the file system shows here
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the path {text[:80]!r} cannot be followed: {error}") from error
    if not path.is_relative_to(root.resolve()):
        raise ValueError(f"{text!r} leads out of the root by a symbolic link")
    return path
