"""The part of a first audit file that speaks of a folder of Hugging Face: what it states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xaudit.audit.starters.network_starter import asked, comment, input_lines
from xaudit.core.text.printable import printable
from xaudit.models.files.folders import config_of
from xaudit.models.recognize import Recognized
from xaudit.models.sidecars.read import read_sidecars
from xaudit.models.sidecars.sidecar_facts import Sidecar

_KINDS = {
    "single_label_classification": "softmax",
    "multi_label_classification": "multi_label",
}


def hub_text(folder: Path, name: str) -> str:
    """Lines for `detector`: format, input and output; labels are named, none is chosen.

    Args:
        folder: with a configuration that names its network.
        name: of the format that reads it.
    """
    config = config_of(folder)
    sides, labels = _sides(config), _labels(config)
    known = Recognized(None, channels=sides.get("channels"), outputs=len(labels) or None)
    own = Sidecar("config.json", dict(sides), doubts=False)
    sidecars = (own, *read_sidecars(folder / "model.safetensors"))
    return "\n".join(
        [
            *comment(f"the folder is the whole model, {config['model_type']}", "  "),
            f"  format: {name}",
            "  input:",
            "    # How your training code prepared an image. Values enter the network as",
            "    # (x - mean) / std.",
            *input_lines(known, sidecars),
            "  output:",
            *_output(config, labels),
        ]
    )


def _sides(config: Mapping[str, Any]) -> dict[str, int]:
    """Channels, and the size of images where a network takes one size only."""
    size = config.get("image_size")
    found = {"channels": config.get("num_channels"), "height": size, "width": size}
    return {key: value for key, value in found.items() if type(value) is int and value > 0}


def _labels(config: Mapping[str, Any]) -> list[str]:
    """Names of the outputs, in their order; none where the configuration has no complete list."""
    names = config.get("id2label")
    if not isinstance(names, dict) or set(names) != {str(n) for n in range(len(names))}:
        return []
    return [printable(str(names[str(n)])) for n in range(len(names))]


def _output(config: Mapping[str, Any], labels: list[str]) -> Iterator[str]:
    remarks = [f"it has {', '.join(f'{n}: {one}' for n, one in enumerate(labels))}"] * bool(labels)
    kind = _KINDS.get(str(config.get("problem_type")))
    if kind is not None and len(labels) > 1:
        yield f"    kind: {kind}   # says config.json (problem_type)"
    else:
        yield from asked("output", "kind", "    ", *remarks)
    yield from asked("output", "positive", "    ", *remarks)
