"""The demo audit: a phantom study, the reference detector, and files to edit."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from xaudit.audit.store.files import write_bytes, write_text
from xaudit.errors import ConfigError
from xaudit.phantom.demo import REFERENCE_WEIGHTS, write_demo

_FILES = ("audit.yaml", "policy.yaml", "device.yaml")


def prepare_demo(folder: Path) -> Path:
    """Write the demo study and the files of its audit; an earlier demo is taken up as it is.

    Args:
        folder: new, empty, or of an earlier demo.

    Returns:
        The audit file.

    Raises:
        ConfigError: the folder holds something else.
    """
    config = folder / "audit.yaml"
    if config.exists() and (folder / "study" / "manifest.csv").exists():
        return config
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: is not empty and holds no demo; choose another --out")
    write_demo(folder / "study")
    write_bytes(folder / REFERENCE_WEIGHTS.name, REFERENCE_WEIGHTS.read_bytes())
    for name in _FILES:
        text = (files("xaudit.pipeline") / "demo_files" / name).read_text(encoding="utf-8")
        write_text(folder / name, text)
    return config
