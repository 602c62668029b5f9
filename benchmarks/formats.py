"""Time of scoring a model of another format, beside the network of torch that it was made from.

    python benchmarks/formats.py [ARCHITECTURE ...]

Networks of torchvision are exported to ONNX into a temporary folder and score the same images in
one process through the evaluator that an audit uses: as a network of torch, as the ONNX model that
was converted, and as onnxruntime alone computes it. Calls take turns; medians of processor time, so
that other work on the machine does not count, and of wall time.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.torchvision_operators import torchvision_models

SIDE, IMAGES, BATCH, REPEATS = 224, 32, 8, 7
DEFAULT = ("mobilenet_v2", "resnet18", "densenet121", "efficientnet_b0")
SEEN = InputSpec(SIDE, SIDE, mean=(0.5,), std=(0.25,))


def evaluators(name, folder):
    """Kind → evaluator of the same network."""
    torch.manual_seed(0)
    network = getattr(torchvision_models(), name)(num_classes=2).eval()
    path = folder / f"{name}.onnx"
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (torch.rand(2, 3, SIDE, SIDE),), str(path), dynamo=False,
            input_names=["image"], dynamic_axes={"image": {0: "images"}},
        )  # fmt: skip
    weights = folder / f"{name}.pt"
    torch.save(network.state_dict(), weights)
    onnx = DetectorSpec(
        name, "1", "format:onnx", path, SEEN, OutputSpec("two_logits", 1), format="onnx"
    )
    own = DetectorSpec(
        name, "1", f"torchvision:{name}", weights, SEEN, OutputSpec("two_logits", 1),
        {"num_classes": 2},
    )  # fmt: skip
    alone = DetectorSpec(
        name, "1", "format:onnx", path, SEEN, OutputSpec("two_logits", 1), {"convert": False},
        format="onnx",
    )  # fmt: skip
    specs = {"torch": own, "converted": onnx, "onnxruntime": alone}
    return {kind: Evaluator(load_detector(spec), BATCH) for kind, spec in specs.items()}


def measured(doors):
    """Kind → medians of processor and of wall time, in milliseconds an image, and the logits."""
    images = np.random.default_rng(0).random((IMAGES, 1, SIDE, SIDE)).astype(np.float32)
    logits = {kind: door.logits(images) for kind, door in doors.items()}
    spent = {kind: [] for kind in doors}
    for _ in range(REPEATS):
        for kind, door in doors.items():
            began = time.process_time(), time.perf_counter()
            door.logits(images)
            spent[kind].append((time.process_time() - began[0], time.perf_counter() - began[1]))
    factor = 1000 / IMAGES
    medians = {
        kind: tuple(factor * statistics.median(each) for each in zip(*times, strict=True))
        for kind, times in spent.items()
    }
    return medians, logits


def main(names):
    print(f"{torch.get_num_threads()} threads, batches of {BATCH}, ms an image (processor, wall)")
    with TemporaryDirectory() as folder:
        for name in names:
            medians, logits = measured(evaluators(name, Path(folder)))
            base, first = medians["torch"], logits["torch"]
            for kind, times in medians.items():
                ratio = [one / other for one, other in zip(times, base, strict=True)]
                apart = np.abs(logits[kind] - first).max()
                print(
                    f"{name:16} {kind:12} {times[0]:7.2f} {times[1]:7.2f}   "
                    f"x{ratio[0]:.2f} x{ratio[1]:.2f}   largest difference {apart:.1g}"
                )


if __name__ == "__main__":
    main(sys.argv[1:] or DEFAULT)
