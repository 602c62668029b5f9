"""Wall time and error of the four main methods, beside the quick start of their libraries.

    python benchmarks/explain.py [CASES] [REFERENCE_SAMPLES] [DETECTOR]

Real radiographs and a real MobileNetV2 where XAUDIT_FRACATLAS and XAUDIT_DETECTORS (or
../shared/data) hold them, else films of the phantom. ResNet-18 learns for a minute and a half on
256 of these images: random weights hardly tell one image from another. Errors are relative to a
converged reference: Integrated Gradients with 2,000 steps, SHAP and LIME with 50,000 evaluations,
computed by the libraries. Everything runs in this process, in turn; the ratios are what counts.
The reference is kept in build/benchmarks.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import matplotlib
import numpy as np
import torch
from library_loops import QuickStart
from safetensors.torch import load_file, save_file
from torch.nn import functional

from xaudit.core.detector import InputSpec
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.perturbation.coalitions import Coalitions, Hiding
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.architectures import build_network
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.testing import tiny_study

matplotlib.use("svg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
FRACATLAS = Path(os.environ.get("XAUDIT_FRACATLAS", SHARED / "fracatlas"))
WEIGHTS = Path(os.environ.get("XAUDIT_DETECTORS", SHARED / "detectors"))
KEPT = ROOT / "build" / "benchmarks"
INPUT = InputSpec(224, 224)
HIDING = Hiding(48, 0.1, "blur")
CONTEXT = Context(20261123)
METHODS = ("gradcam", "integrated_gradients", "shap", "lime")
BUDGETS = tuple(range(128, 769, 64))
REPEATS = 5
STEPS = (16, 24, 32, 36, 40, 44, 48, 52, 56, 64, 96)


@functools.cache
def prepared(label, count):
    """So many images with this label, in the order of the study."""
    if FRACATLAS.is_dir():
        study = load_study(DataSpec(format="fracatlas", root=FRACATLAS))
        return prepared_of(study, label, count)
    with tempfile.TemporaryDirectory() as folder:
        study = tiny_study(Path(folder) / "study", patients=2 * count, seed=3)
        return prepared_of(study, label, count)


def prepared_of(study, label, count):
    wanted = (case for case in study.cases if case.label == label)
    return [prepare(case, INPUT) for case in itertools.islice(wanted, count)]


def real_cases(count):
    positives = prepared(True, 200)
    # Far apart, and the first ones are the same however many are asked for.
    return positives[3::66][:count]


def learn(network):
    """Six rounds over 256 images: enough that logits spread as those of a detector do."""
    cases = prepared(True, 200)[:128] + prepared(False, 128)
    images = torch.from_numpy(np.stack([case.image for case in cases])).repeat(1, 3, 1, 1) * 2 - 1
    labels = torch.tensor([float(case.case.label) for case in cases])
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4)
    network.train()
    for _ in range(6):
        for rows in torch.randperm(len(cases)).split(16):
            optimizer.zero_grad()
            logits = network(images[rows])[:, 0]
            functional.binary_cross_entropy_with_logits(logits, labels[rows]).backward()
            optimizer.step()


def detectors():
    """Name → the plain network, its target layer's name, and the weights as a file."""
    file = WEIGHTS / "fracatlas_mobilenet_v2_localizing.safetensors"
    torch.manual_seed(0)
    mobilenet = build_network("torchvision:mobilenet_v2", {"num_classes": 1})
    resnet = build_network("torchvision:resnet18", {"num_classes": 1})
    if file.is_file():
        mobilenet.load_state_dict(load_file(file))
    yield "mobilenet_v2", mobilenet.eval(), "features"
    kept = KEPT / "resnet18.safetensors"
    if kept.is_file():
        resnet.load_state_dict(load_file(kept))
    else:
        learn(resnet)
    yield "resnet18", resnet.eval(), "layer4"


def load(name, network):
    path = KEPT / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), path)
    return load_detector(
        DetectorSpec(name, "1", f"torchvision:{name}", path, INPUT, arguments={"num_classes": 1})
    )


def run(evaluator, cases, methods):
    """Maps in the order of the jobs, and the wall time for all of them."""
    jobs = [Job(case, make_explainer(name, params)) for case in cases for name, params in methods]
    began = time.perf_counter()
    outcomes = list(explain_all(evaluator, jobs, CONTEXT))
    seconds = time.perf_counter() - began
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return [outcome.attribution for outcome in outcomes], seconds


def reference(evaluator, case, name, samples):
    params = {
        "gradcam": {"engine": "library"},
        "integrated_gradients": {"engine": "library", "steps": 2000, "max_steps": 2000},
        "shap": {"engine": "library", "samples": samples},
        "lime": {"engine": "library", "samples": samples},
    }[name]
    weights = b"".join(one.numpy().tobytes() for one in evaluator.module.state_dict().values())
    digest = hashlib.sha256(repr((name, sorted(params.items()))).encode() + weights
                            + case.image.tobytes()).hexdigest()[:16]  # fmt: skip
    path = KEPT / f"reference-{digest}.npy"
    if not path.exists():
        (attribution,), _ = run(evaluator, [case], [(name, params)])
        np.save(path, attribution.values)
    return np.load(path)


def error(values, truth):
    return float(np.linalg.norm(values - truth) / np.linalg.norm(truth))


def mean_error(maps, truths):
    return statistics.mean(error(one, truth) for one, truth in zip(maps, truths, strict=True))


def library_side(quick, cases, games, truths):
    """Method → seconds for each map, and the mean error."""
    found = {}
    for name in METHODS:
        loop = getattr(quick, name)
        times = []
        for _ in range(REPEATS if name == "gradcam" else 1):
            began = time.perf_counter()
            maps = [loop(case, game) for case, game in zip(cases, games, strict=True)]
            times.append((time.perf_counter() - began) / len(cases))
        seconds = min(times)
        scored = None if name == "gradcam" else mean_error(maps, truths[name])
        found[name] = (seconds, scored)
    return found


def curve(evaluator, cases, name, truths):
    """(budget, seconds for each map, mean error) of one method alone, budget by budget."""
    settings = {
        "integrated_gradients": [(one, {"steps": one, "max_steps": one}) for one in STEPS],
        "shap": [(one, {"samples": one, "tolerance": 1e-9}) for one in BUDGETS],
        "lime": [(one, {"samples": one, "tolerance": 1e-9}) for one in BUDGETS],
        "gradcam": [(1, {})],
    }[name]
    points = []
    for budget, params in settings:
        turns = REPEATS if name == "gradcam" else 1
        maps, seconds = min(
            (run(evaluator, cases, [(name, params)]) for _ in range(turns)), key=lambda one: one[1]
        )
        scored = mean_error([one.values for one in maps], truths)
        points.append((budget, seconds / len(cases), scored, params))
    return points


def cheapest(points, bound):
    """The smallest budget whose error is not larger than the library's."""
    good = [one for one in points if bound is None or one[2] <= bound]
    return good[0] if good else points[-1]


def bare(evaluator, image):
    """Seconds of one image forward, and forward with backward, at the best batch size."""
    times = []
    for step in (evaluator.logits, evaluator.gradients):
        best = float("inf")
        for size in (4, 8, 16):
            batch = np.repeat(image[None], size, axis=0)
            for _ in range(4):
                began = time.perf_counter()
                step(batch)
                best = min(best, (time.perf_counter() - began) / size)
        times.append(best)
    return times


def draw(name, curves, theirs):
    figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for axis, method in zip(axes, METHODS[1:], strict=True):
        points = curves[method]
        axis.plot([one[1] for one in points], [one[2] for one in points], "o-", label="xaudit")
        axis.plot(*theirs[method], "s", label="library quick start")
        axis.set(title=method, xlabel="seconds for each map", xscale="log", ylim=(0, None))
    axes[0].set_ylabel("error to the reference")
    axes[0].legend()
    figure.savefig(ROOT / "benchmarks" / f"error-{name}.svg", metadata={"Date": None})


def report(name, network, layer, cases, samples):
    detector = load(name, network)
    evaluator = Evaluator(detector)
    evaluator.logits(cases[0].image[None])
    evaluator.gradients(cases[0].image[None])
    # Kernels for a single image are found by the first pass, as for the library's loops.
    run(evaluator, cases[:1], [("gradcam", {}), ("saliency", {})])
    games = [Coalitions(case, HIDING, CONTEXT) for case in cases]
    truths = {one: [reference(evaluator, case, one, samples) for case in cases] for one in METHODS}
    theirs = library_side(QuickStart(network, network.get_submodule(layer)), cases, games, truths)
    curves = {one: curve(evaluator, cases, one, truths[one]) for one in METHODS}
    draw(name, curves, theirs)
    print(f"\n### {name}\n")
    table(evaluator, cases, theirs, curves)
    reduced = Evaluator(detector, evaluator.sizes["forward"], "bfloat16")
    shorter = {one: curve(reduced, cases, one, truths[one]) for one in ("shap", "lime")}
    print(f"\nMasked images in bfloat16 (refused in {reduced.rough.refused} of "
          f"{reduced.rough.rounds} rounds, worst error {reduced.rough.worst:.3f}):\n")  # fmt: skip
    table(reduced, cases, theirs, {**curves, **shorter})


def table(evaluator, cases, theirs, curves):
    """Print what each method takes, and all of them together."""
    chosen = {one: cheapest(curves[one], theirs[one][1]) for one in METHODS}
    evaluator.cost.forward = evaluator.cost.backward = 0
    _, together = run(evaluator, cases, [(one, chosen[one][3]) for one in METHODS])
    cost = (evaluator.cost.forward, evaluator.cost.backward)
    forward, backward = bare(evaluator, cases[0].image)
    passes = (cost[0] - cost[1]) * forward + cost[1] * backward
    print("| method | library s | library error | xaudit s | xaudit error | budget | ratio |")
    print("|---|---|---|---|---|---|---|")
    for one in METHODS:
        budget, seconds, scored, _ = chosen[one]
        bound = "" if theirs[one][1] is None else f"{theirs[one][1]:.3f}"
        print(f"| {one} | {theirs[one][0]:.2f} | {bound} | {seconds:.2f} | {scored:.3f} "
              f"| {budget} | {theirs[one][0] / seconds:.1f} |")  # fmt: skip
    whole = sum(seconds for seconds, _ in theirs.values())
    print(f"| all four, together | {whole:.2f} | | {together / len(cases):.2f} | | "
          f"| **{whole * len(cases) / together:.1f}** |")  # fmt: skip
    if evaluator.rough.wanted == "float32":
        print(f"\nEfficiency: {passes / together:.2f} ({1000 * forward:.1f} ms forward, "
              f"{1000 * backward:.1f} ms forward and backward, {evaluator.sizes}).")  # fmt: skip


def main(count=3, samples=50_000, only=None):
    cases = real_cases(count)
    print(f"{torch.get_num_threads()} threads, {len(cases)} images, reference {samples} samples")
    for name, network, layer in detectors():
        if only not in {None, name}:
            continue
        report(name, network, layer, cases, samples)


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]), *sys.argv[3:])
