"""What D-RISE takes beside the passes that it needs: masks, boxes and sums.

    python benchmarks/drise.py [MASKS]

One box of one film, explained with so many masks, against the same number of bare passes of the
network in batches of the same size: nothing decoded, no mask made. Both take turns; the film is of
the phantom, the networks are the reference network that draws boxes and SSDlite of torchvision with
random weights, whose speed is that of trained ones.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from safetensors.torch import load_file

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.architectures import build_network
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import detector_of
from xaudit.models.reference import small_boxes
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import Taken
from xaudit.phantom.demo import REFERENCE_BOXES, REFERENCE_INPUT
from xaudit.testing import disc, planted_case

BATCH, TURNS = 32, 5


def reference():
    """The reference network that draws boxes."""
    network = small_boxes().eval()
    network.load_state_dict(load_file(REFERENCE_BOXES))
    boxes = BoxesSpec("yolov8", activation="sigmoid", threshold=1e-6, nms=0.3)
    return detector(network, REFERENCE_INPUT, OutputSpec("boxes", boxes=boxes))


def ssdlite():
    """SSDlite of torchvision, 320 x 320."""
    name = "torchvision:ssdlite320_mobilenet_v3_large"
    network = build_network(name, {"num_classes": 2, "score_thresh": 0.0}).eval()
    seen = InputSpec(320, 320, mean=(0.0,), std=(1.0,))
    return detector(network, seen, OutputSpec("boxes", 1, BoxesSpec("torchvision")))


def detector(network, seen, output):
    return detector_of(DetectorSpec("d", "1", "a:b", None, seen, output), network, Taken())


def compare(name, found, masks):
    """Print the ratio of both, in turns."""
    sides = found.input.height, found.input.width
    case = planted_case([disc(sides, (sides[0] // 2, sides[1] // 2), 12)], sides)
    method = make_explainer("drise", {"samples": masks, "tolerance": 1e-9})
    evaluator = Evaluator(found, BATCH)
    films = torch.from_numpy(case.image).expand(BATCH, -1, -1, -1).contiguous()
    ratios, bare = [], []
    for _ in range(TURNS + 1):
        began = time.perf_counter()
        with torch.inference_mode():
            for _ in range(masks // BATCH):
                found.module(films)
        middle = time.perf_counter()
        (outcome,) = explain_all(evaluator, [Job(case, method)], Context(seed=1))
        assert outcome.attribution.params["samples_used"] == masks, outcome
        bare.append(middle - began)
        ratios.append((time.perf_counter() - middle) / bare[-1])
    ratios = sorted(ratios[1:])
    print(
        f"{name}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) times the "
        f"bare passes, which take {statistics.median(bare[1:]):.2f} s"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    compare("reference network", reference(), count // BATCH * BATCH)
    compare("SSDlite", ssdlite(), count // BATCH * BATCH)
