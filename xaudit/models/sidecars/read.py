"""The files beside the weights that say something.

timm writes ``config.json``, Hugging Face ``preprocessor_config.json``, exporters an ONNX model of
the name of the weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xaudit.core.text.json_text import read_json_text
from xaudit.models.sidecars.hub import of_hub
from xaudit.models.sidecars.onnx import of_onnx
from xaudit.models.sidecars.sidecar_facts import Sidecar
from xaudit.models.sidecars.timm import of_timm

_MAX_BYTES = 1024 * 1024
_HUB = "preprocessor_config.json"
_TIMM = "config.json"


def read_sidecars(weights: Path) -> tuple[Sidecar, ...]:
    """What each of the known files says that lie beside the weights.

    Args:
        weights: the file of weights.
    """
    files = ((f"{weights.stem}.json", of_timm), (_TIMM, of_timm), (_HUB, of_hub))
    said = [
        read(name, content)
        for name, read in files
        if (content := _content(weights.with_name(name))) is not None
    ]
    said.append(of_onnx(weights.with_name(f"{weights.stem}.onnx")))
    return tuple(one for one in said if one is not None)


def _content(path: Path) -> dict[str, Any] | None:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        content = read_json_text(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
