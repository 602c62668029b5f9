"""Guess the architecture of weights from the names and shapes of their tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from xaudit.models.weights import read_weights
from xaudit.torchvision_operators import torchvision_models

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Recognized:
    """What the names and shapes of a set of weights tell.

    Attributes:
        architecture: "torchvision:NAME", or None if no known one fits.
        channels: planes that the first convolution takes; None if there is none.
        outputs: width of the last layer; None if it cannot be told.
    """

    architecture: str | None
    channels: int | None
    outputs: int | None


def recognize(weights: Path) -> Recognized:
    """Compare weights with every classification model of torchvision; nothing is downloaded.

    Args:
        weights: safetensors or state_dict.

    Raises:
        DetectorError: the weights cannot be read.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in read_weights(weights).items()}
    name = next((name for name, known in _known_models() if _fits(shapes, known)), None)
    planes = [shape for shape in shapes.values() if len(shape) == 4]
    matrices = [shape for shape in shapes.values() if len(shape) == 2]
    return Recognized(
        architecture=f"torchvision:{name}" if name else None,
        channels=planes[0][1] if planes else None,
        outputs=matrices[-1][0] if matrices else None,
    )


def _known_models() -> Iterator[tuple[str, Shapes]]:
    models = torchvision_models()
    for name in models.list_models(module=models):
        # These two announce another initialization, which nobody looks at here.
        quiet = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
        try:
            with torch.device("meta"):
                state = models.get_model(name, weights=None, **quiet).state_dict()
        except NotImplementedError:
            continue  # maxvit reads values while it is built; it is left to be named by hand
        yield name, {key: tuple(value.shape) for key, value in state.items()}


def _fits(shapes: Shapes, known: Shapes) -> bool:
    """Same names, and same shapes but for the last layer and the first one's channels."""
    if shapes.keys() != known.keys():
        return False
    different = [name for name in known if shapes[name] != known[name]]
    return (
        all(
            len(shapes[name]) == len(known[name])
            and (shapes[name][1:] == known[name][1:] or shapes[name][2:] == known[name][2:])
            for name in different
        )
        and len(different) <= 3
    )
