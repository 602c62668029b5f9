"""What the border of the sandbox costs: a detector in it against the same one outside.

    python benchmarks/sandbox.py [NETWORK ...]

Networks of torchvision with random weights, whose speed is that of trained ones, on films of 224 x
224 in batches of 16: scores, and passes with gradients and feature maps. Both sides take turns, so
that what else the machine does falls on both.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.batch_outcomes import PassPurpose, run_batch
from xaudit.models.architectures import build_network
from xaudit.models.heads.output import OutputSpec
from xaudit.models.sandbox.load import load_declared
from xaudit.models.spec import DetectorSpec

FILMS, TURNS = 16, 15
WORK = {
    "scores": PassPurpose(gradients=False, features=False, rough=False),
    "gradients and feature maps": PassPurpose(gradients=True, features=True, rough=False),
}


def seconds(detector, images, wanted):
    began = time.perf_counter()
    run_batch(detector.module, detector.target_layer, images.clone(), wanted)
    return time.perf_counter() - began


def compare(name, folder):
    architecture, arguments = f"torchvision:{name}", {"num_classes": 1}
    weights = folder / f"{name}.pt"
    torch.save(build_network(architecture, arguments).state_dict(), weights)
    spec = DetectorSpec(
        name, "1", architecture, weights, InputSpec(224, 224), OutputSpec("logit"), arguments
    )
    plain = load_declared(spec)
    began = time.perf_counter()
    boxed = load_declared(replace(spec, sandbox=True))
    started = time.perf_counter() - began
    images = torch.rand(FILMS, 1, 224, 224)
    for what, wanted in WORK.items():
        pairs = [
            [seconds(one, images, wanted) for one in (plain, boxed)] for _ in range(TURNS + 1)
        ][1:]
        ratio = statistics.median(inside / outside for outside, inside in pairs)
        outside = statistics.median(one for one, _ in pairs)
        print(f"| {name} | {what} | {outside:.2f} s | {ratio:.3f} | {started:.1f} s |", flush=True)


def main(names):
    print("| network | work | outside | in the sandbox, ratio | start |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            compare(name, Path(folder))


if __name__ == "__main__":
    torch.manual_seed(0)
    main(sys.argv[1:] or ["mobilenet_v2", "resnet50"])
