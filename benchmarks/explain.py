"""Wall time of each method through xaudit, beside the library's own loop with the same settings.

    python benchmarks/explain.py [CASES]

Both run in this process, in turn, on the phantom's reference detector; the ratio is what counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from xaudit.data.phantom.demo import REFERENCE_INPUT, REFERENCE_WEIGHTS
from xaudit.data.prepare import prepare
from xaudit.explain.baselines import baseline_of
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.libraries import library
from xaudit.explain.port import make_explainer
from xaudit.explain.superpixels import superpixels
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.testing import tiny_study


def batched(module):
    def run(images):
        with torch.no_grad():
            planes = np.moveaxis(np.asarray(images, dtype=np.float32)[..., :1], -1, 1)
            return module(torch.from_numpy(np.ascontiguousarray(planes))).numpy()[:, None]

    return run


def lime_loop(module, case):
    image, start = (np.repeat(np.moveaxis(one, 0, -1), 3, -1) for one in
                    (case.image, baseline_of(case.image, case.inside, "blur")))  # fmt: skip
    patches = superpixels(case.image, 64, 0.1)
    module_lime = library("lime.lime_image")
    module_lime.tqdm = lambda rows: rows
    module_lime.LimeImageExplainer(feature_selection="none", random_state=0).explain_instance(
        image, batched(module), labels=(0,), hide_color=start, num_features=999,
        num_samples=400, segmentation_fn=lambda _: patches,
    )  # fmt: skip


def shap_loop(module, case):
    shap = library("shap")
    start = np.moveaxis(baseline_of(case.image, case.inside, "blur"), 0, -1)
    shap.PartitionExplainer(batched(module), shap.maskers.Image(start))(
        np.moveaxis(case.image, 0, -1)[None], max_evals=300, silent=True
    )


def integrated_gradients_loop(module, case):
    image = torch.from_numpy(case.image[None])
    start = torch.from_numpy(baseline_of(case.image, case.inside, "blur")[None])
    library("captum.attr").IntegratedGradients(module).attribute(image, start, n_steps=32)


def gradcam_loop(module, case, layer):
    pixels = torch.from_numpy(case.image[None]).requires_grad_(True)
    with library("pytorch_grad_cam").GradCAM(module, [layer]) as cam:
        cam(pixels, targets=[lambda output: output])


def seconds(step, cases):
    step(cases[0])  # compile and warm up
    times = []
    for case in cases:
        began = time.perf_counter()
        step(case)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        study = tiny_study(Path(folder) / "study", patients=count, seed=3)
        cases = [prepare(case, REFERENCE_INPUT) for case in study.cases[:count]]
    detector = load_detector(DetectorSpec(
        "reference", "1", "xaudit.models.reference:small_cnn", REFERENCE_WEIGHTS, REFERENCE_INPUT
    ))  # fmt: skip
    evaluator, module = Evaluator(detector), detector.module
    loops = {
        "gradcam": ({}, lambda case: gradcam_loop(module, case, detector.target_layer)),
        "integrated_gradients": (
            {"steps": 32, "max_steps": 32},
            lambda case: integrated_gradients_loop(module, case),
        ),
        "shap": ({}, lambda case: shap_loop(module, case)),
        "lime": ({}, lambda case: lime_loop(module, case)),
    }
    print(f"{torch.get_num_threads()} threads, {len(cases)} cases, median seconds per map")
    print("| method | xaudit | library loop | library / xaudit |\n|---|---|---|---|")
    for name, (params, loop) in loops.items():
        explainer = make_explainer(name, params)
        ours = seconds(lambda case, one=explainer: one.explain(evaluator, case, 1), cases)
        theirs = seconds(loop, cases)
        print(f"| {name} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
