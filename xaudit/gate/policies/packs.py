"""Policies that come with the package: ``pack:release`` wherever a policy file may be named."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from xaudit.errors import ConfigError
from xaudit.gate.policies.nearest_name import nearest

PREFIX = "pack:"


def pack_names() -> tuple[str, ...]:
    """The packs that there are."""
    there = (Path(one.name) for one in (files("xaudit.gate") / "pack_files").iterdir())
    return tuple(sorted(one.stem for one in there if one.suffix == ".yaml"))


def is_pack(name: str | Path) -> bool:
    """Whether this names a pack, not a file."""
    return str(name).startswith(PREFIX)


def policy_path(name: str | Path) -> Path:
    """Where the policy lies: a pack's file in the package, or the path as it is.

    Raises:
        ConfigError: there is no such pack; with the nearest name.
    """
    if not is_pack(name):
        return Path(name)
    pack, known = str(name).removeprefix(PREFIX), pack_names()
    if pack not in known:
        there = ", ".join(PREFIX + one for one in known)
        raise ConfigError(f"there is no pack {pack!r}{nearest(pack, known)}; there is: {there}")
    return Path(str(files("xaudit.gate") / "pack_files" / f"{pack}.yaml"))
