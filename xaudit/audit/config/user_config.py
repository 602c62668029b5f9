"""Permissions of a user once and for all: ``allow_code`` in their own ``xaudit/config.toml``."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from xaudit.errors import ConfigError


class UserConfig(BaseModel):
    """The user's own configuration file.

    Attributes:
        allow_code: what every audit file may name: "module:factory", "service:ORIGIN" or
            "command:WORDS".
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    allow_code: list[str] = []


def user_config_path() -> Path:
    """``$XDG_CONFIG_HOME/xaudit/config.toml``, below ``~/.config`` where that is not set."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    # The standard asks to ignore relative ones: they would lead into the current folder.
    return (base if base.is_absolute() else Path.home() / ".config") / "xaudit" / "config.toml"


def read_user_config() -> UserConfig:
    """Read the user's configuration; an empty one where there is none.

    Raises:
        ConfigError: somebody else may write it, it cannot be read, or it has a mistake.
    """
    try:
        path = user_config_path()
        with path.open("rb") as file:
            _refuse_others(path, os.fstat(file.fileno()))
            _refuse_others(path.parent, path.parent.stat())
            return UserConfig.model_validate(tomllib.load(file))
    except (FileNotFoundError, NotADirectoryError, RuntimeError):
        # Without a home there is no configuration either.
        return UserConfig()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f'{path}: {key}: {first["msg"]}; expected allow_code = ["module:factory", ...]'
        ) from None
    except ValueError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None


def _refuse_others(path: Path, found: os.stat_result) -> None:
    """Whoever may write the file decides what runs here: that has to be the user, or root."""
    if os.name != "posix":
        return
    if found.st_uid not in {0, os.geteuid()}:
        raise ConfigError(f"{path}: belongs to another user, so what it allows is not read")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(
            f"{path}: others may write it, so what it allows is not read; chmod go-w {path}"
        )
