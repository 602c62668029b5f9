"""The demo audit: a phantom study, the reference detector, and files to edit."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Literal

from xaudit.audit.store.files import write_bytes, write_text
from xaudit.errors import ConfigError
from xaudit.phantom.demo import REFERENCE_BOXES, REFERENCE_WEIGHTS, write_demo

Task = Literal["classification", "detection", "segmentation"]
_FILES = ("audit.yaml", "policy.yaml", "device.yaml")
_WEIGHTS: Mapping[Task, Path] = {
    "classification": REFERENCE_WEIGHTS,
    "detection": REFERENCE_BOXES,
    "segmentation": REFERENCE_WEIGHTS,
}


def prepare_demo(folder: Path, task: Task = "classification") -> Path:
    """Write the demo study and the files of its audit; an earlier demo is taken up as it is.

    Args:
        folder: new, empty, or of an earlier demo.
        task: what the reference network says of a film: whether it is fractured, boxes, or paint.

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
    weights = _WEIGHTS[task]
    write_bytes(folder / weights.name, weights.read_bytes())
    for name in _FILES:
        text = (files("xaudit.pipeline") / "demo_files" / task / name).read_text(encoding="utf-8")
        write_text(folder / name, text)
    return config
