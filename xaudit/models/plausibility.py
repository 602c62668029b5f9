"""Wrong declarations that can be noticed: what does not fit is said, not repaired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import FloatArray
from xaudit.core.detector import Stands
from xaudit.core.message import Message
from xaudit.core.record.suspicion import Suspicion
from xaudit.models.heads.class_logit import outputs_in_columns, rounding
from xaudit.models.spec import Answers
from xaudit.models.torch_detector import TorchDetector

Logits = npt.NDArray[np.float64]

_FAR = 3.0
_FLAT = 0.05
"""Of the trained standard deviation: pixels of another scale leave 1/255 of it."""
_AGAIN = 16
"""Images that are asked again, alone and in other company; whole batches of them."""
_BATCH = 8


def ask(detector: TorchDetector, images: FloatArray) -> Answers:
    """Ask a detector about some images, and again, alone and in other company.

    Args:
        detector: as declared; itself, not the faster copy that the evaluator makes.
        images: (N, C, H, W) in [0, 1], of the study.

    Raises:
        DetectorError: the network returns something else than was declared, or than the model
            that it was made from.
    """
    with _outputs(detector) as seen:
        logits = _in_batches(detector, images)
    some = images[:_AGAIN]
    order = np.roll(np.arange(len(some))[::-1], 3)
    moved = np.empty(len(some))
    # Batches that are cut elsewhere, too.
    moved[order] = _in_batches(detector, some[order], _BATCH - 3)
    again = _in_batches(detector, some)
    outputs = np.concatenate([one.double().cpu().numpy() for one in seen])
    alone = _in_batches(detector, some, 1)
    return Answers(outputs, logits, again, alone, moved, max(rounding(one.dtype) for one in seen))


def _in_batches(detector: TorchDetector, images: FloatArray, size: int = _BATCH) -> Logits:
    starts = range(0, len(images), size)
    return np.concatenate([detector.logits(images[start : start + size]) for start in starts])


@contextmanager
def _outputs(detector: TorchDetector) -> Iterator[list[torch.Tensor]]:
    """What the network returns inside the block, before its head: (n, K) for each batch.

    Of what draws boxes or masks it is the score of the image, (n, 1).
    """
    seen: list[torch.Tensor] = []

    def keep(network: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: object) -> None:
        seen.append(outputs_in_columns(detector.head, output, len(inputs[0])).detach())
        if not isinstance(network, Stands) or not isinstance(output, torch.Tensor):
            return
        # On a GPU the last digits of a model that runs on the CPU are other ones.
        if output.device.type == "cpu":
            network.compare(inputs[0].detach().contiguous().numpy(), output.detach().numpy())

    handle = detector.module.network.register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def check_input(detector: TorchDetector, images: FloatArray) -> tuple[Suspicion, ...]:
    """Whether real images reach the first batch norm as its training images did.

    The mean and the spread of each channel, in units of the trained standard deviation, tell a
    wrong scaling.
    Networks without batch norm, or with one that was folded into the convolution, tell nothing.

    Args:
        detector: as declared.
        images: (N, C, H, W) in [0, 1], of the study.
    """
    layer = next(
        (
            module
            for module in detector.module.modules()
            if isinstance(module, torch.nn.BatchNorm2d)
        ),
        None,
    )
    if layer is None or layer.running_mean is None or layer.running_var is None:
        return ()
    if _is_folded(layer):
        return ()
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    try:
        detector.logits(images)
    finally:
        handle.remove()
    trained = (layer.running_var + layer.eps).sqrt()
    distance = (seen[0].mean(dim=(0, 2, 3)) - layer.running_mean).abs() / trained
    spread = seen[0].std(dim=(0, 2, 3)) / trained
    return _far_or_flat(float(distance.median()), float(spread.median()))


def _far_or_flat(distance: float, spread: float) -> tuple[Suspicion, ...]:
    if distance > _FAR:
        text = Message(
            "The first layer sees values {distance:.1f} standard deviations from those "
            "of its training (median over channels). Check mean, std and intensity in "
            "detector.input.",
            distance=distance,
        )
    elif spread < _FLAT:
        text = Message(
            "The first layer sees values that vary {spread:.2g} times as much as those "
            "of its training (median over channels): to it all images are nearly the "
            "same. Check mean, std and intensity in detector.input.",
            spread=spread,
        )
    else:
        return ()
    return (Suspicion("input_far_from_training", text),)


def _is_folded(layer: torch.nn.BatchNorm2d) -> bool:
    assert layer.running_mean is not None
    assert layer.running_var is not None
    zero = bool((layer.running_mean == 0).all())
    return zero and bool((layer.running_var - 1).abs().max() < 1e-3)
