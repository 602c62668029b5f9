"""An architecture that is code of its own: who allows it, and why Python does not find it."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Collection
from pathlib import Path

from xaudit.audit.config.config import AuditConfig, DetectorConfig
from xaudit.audit.config.user_config import read_user_config
from xaudit.errors import ConfigError
from xaudit.models.own_code import needs_permission, refusal
from xaudit.yaml_file import YamlFile


def permitted(config: AuditConfig, file: YamlFile, allow_code: Collection[str]) -> AuditConfig:
    """The configuration with the permission to run its detector's code, where that is its own.

    Without it such a detector is not built.

    Args:
        config: with absolute paths.
        file: the audit file.
        allow_code: names "module:factory" of the command line; those of the user's own
            configuration are taken where they are needed.

    Raises:
        ConfigError: nobody allowed it, or Python does not find it; and what to type.
    """
    name = config.detector.architecture
    if not needs_permission(name):
        return config
    allowed = name in set(allow_code) or name in read_user_config().allow_code
    problems = (None if allowed else refusal(name, ()), _module_nearby(config.detector, file.path))
    told = "; ".join(one for one in problems if one)
    if told:
        place = file.place(("detector", "architecture"))
        raise ConfigError(f"{place}: detector.architecture: {told}")
    return config.model_copy(update={"detector": config.detector.allowing(frozenset({name}))})


def _module_nearby(detector: DetectorConfig, config: Path) -> str | None:
    """Why the module is not found and the command that helps; None where it is, or lies elsewhere.

    The folder of an audit file is never searched for code.
    """
    top = detector.architecture.partition(":")[0].partition(".")[0]
    if _is_found(top):
        return None
    near = dict.fromkeys((config.resolve().parent, Path.cwd(), detector.weights.parent))
    for folder in near:
        for file in (folder / f"{top}.py", folder / top / "__init__.py"):
            if file.is_file():
                return (
                    f"Python does not find the module {top!r}; {file} is not looked at by itself, "
                    "since an audit file must not run code. If it is yours, put its folder on "
                    f"PYTHONPATH: PYTHONPATH={shlex.quote(str(folder))} xaudit check "
                    f"{shlex.quote(str(config))} --allow-code {shlex.quote(detector.architecture)}"
                )
    return None


def _is_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
