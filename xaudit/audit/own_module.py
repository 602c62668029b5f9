"""An architecture of one's own that Python does not find although it lies nearby."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path

from xaudit.audit.config import DetectorConfig

_LIBRARIES = {"torchvision", "timm"}


def module_nearby(detector: DetectorConfig, config: Path) -> str | None:
    """Why the module is not found and the command that helps; None where it is, or lies elsewhere.

    The folder of an audit file is never searched for code: whoever sends the file would run it.

    Args:
        detector: with the path of its weights.
        config: the audit file.
    """
    scheme = detector.architecture.partition(":")[0]
    top = scheme.partition(".")[0]
    if scheme in _LIBRARIES or _is_found(top):
        return None
    near = dict.fromkeys((config.resolve().parent, Path.cwd(), detector.weights.parent))
    for folder in near:
        for file in (folder / f"{top}.py", folder / top / "__init__.py"):
            if file.is_file():
                return (
                    f"Python does not find the module {top!r}; {file} is not looked at by itself, "
                    "since an audit file must not run code. If it is yours, put its folder on "
                    f"PYTHONPATH: PYTHONPATH={shlex.quote(str(folder))} xaudit check "
                    f"{shlex.quote(str(config))}"
                )
    return None


def _is_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
