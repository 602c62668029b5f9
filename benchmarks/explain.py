"""Wall time and error of the four main methods, beside the quick start of their libraries.

    python benchmarks/explain.py [CASES] [REFERENCE_SAMPLES] [DETECTOR]

Real radiographs and a real MobileNetV2 where XAUDIT_FRACATLAS and XAUDIT_DETECTORS (or
../shared/data) hold them, else films of the phantom. ResNet-18 learns for a minute and a half on
256 of these images: random weights hardly tell one image from another. Errors are relative to a
converged reference: Integrated Gradients with 2,000 steps, SHAP and LIME with 50,000 evaluations,
computed by the libraries. Everything runs in this process; seconds are medians of five turns, in
which both sides alternate, and their ratios are what counts. A film whose reference has no value
(a zero map) is left out of everything, and that is said. References are kept in build/benchmarks.
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
from measuring import cheapest, error, interleaved, machine, usable
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
STEPS = (8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96)


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


def mean_error(maps, truths):
    return statistics.mean(error(one, truth) for one, truth in zip(maps, truths, strict=True))


def library_maps(loop, cases, games):
    return [loop(case, game) for case, game in zip(cases, games, strict=True)]


def curve(evaluator, cases, name, truths):
    """(budget, mean error, parameters, seconds for each map) of one method, budget by budget."""
    settings = {
        "integrated_gradients": [(one, {"max_steps": one, "tolerance": 1e-9}) for one in STEPS],
        "shap": [(one, {"samples": one, "tolerance": 1e-9}) for one in BUDGETS],
        "lime": [(one, {"samples": one, "tolerance": 1e-9}) for one in BUDGETS],
        "gradcam": [(1, {})],
    }[name]
    points = []
    for budget, params in settings:
        maps, seconds = run(evaluator, cases, [(name, params)])
        scored = mean_error([one.values for one in maps], truths)
        points.append((budget, scored, params, seconds / len(cases)))
    return points


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


def draw(name, curves, theirs, seconds):
    figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for axis, method in zip(axes, METHODS[1:], strict=True):
        points = curves[method]
        axis.plot([one[3] for one in points], [one[1] for one in points], "o-", label="xaudit")
        axis.plot(seconds[method], theirs[method], "s", label="library quick start")
        axis.set(title=method, xlabel="seconds for each map", xscale="log", ylim=(0, None))
    axes[0].set_ylabel("error to the reference")
    axes[0].legend()
    figure.savefig(ROOT / "benchmarks" / f"error-{name}.svg", metadata={"Date": None})


def with_references(evaluator, cases, samples):
    """Films whose references all have a value, and these: method → film by film."""
    found = {one: [reference(evaluator, case, one, samples) for case in cases] for one in METHODS}
    films, said = usable(found)
    print("".join(f"\n{sentence}" for sentence in said))
    if not films:
        raise SystemExit("no film has references that have a value: there is nothing to measure")
    return [cases[film] for film in films], {
        method: [truths[film] for film in films] for method, truths in found.items()
    }


def report(name, network, layer, cases, samples):
    print(f"\n### {name}\n")
    detector = load(name, network)
    evaluator = Evaluator(detector)
    evaluator.logits(cases[0].image[None])
    evaluator.gradients(cases[0].image[None])
    # Kernels for a single image are found by the first pass, as for the library's loops.
    run(evaluator, cases[:1], [("gradcam", {}), ("saliency", {})])
    cases, truths = with_references(evaluator, cases, samples)
    games = [Coalitions(case, HIDING, CONTEXT) for case in cases]
    quick = QuickStart(network, network.get_submodule(layer))
    loops = {one: functools.partial(library_maps, getattr(quick, one), cases, games)
             for one in METHODS}  # fmt: skip
    bounds = {one: None if one == "gradcam" else mean_error(loops[one](), truths[one])
              for one in METHODS}  # fmt: skip
    curves = {one: curve(evaluator, cases, one, truths[one]) for one in METHODS}
    seconds = table(evaluator, cases, loops, bounds, curves)
    draw(name, curves, bounds, seconds)
    reduced = Evaluator(detector, evaluator.sizes["forward"], "bfloat16")
    shorter = {one: curve(reduced, cases, one, truths[one]) for one in ("shap", "lime")}
    print(f"\nMasked images in bfloat16 (refused in {reduced.rough.refused} of "
          f"{reduced.rough.rounds} rounds, worst error {reduced.rough.worst:.3f}):\n")  # fmt: skip
    table(reduced, cases, loops, bounds, {**curves, **shorter})


def table(evaluator, cases, loops, bounds, curves):
    """Print what each method takes, and all of them together; the library's seconds for a map."""
    chosen = {one: cheapest(curves[one], bounds[one]) for one in METHODS}
    reached = [one for one in METHODS if chosen[one]]
    wanted = {one: [(one, chosen[one][2])] for one in reached}
    together = [wanted[one][0] for one in reached]
    times = interleaved({
        **{("library", one): loops[one] for one in METHODS},
        **{one: functools.partial(run, evaluator, cases, wanted[one]) for one in reached},
        "together": functools.partial(run, evaluator, cases, together),
    })  # fmt: skip
    times = {one: taken / len(cases) for one, taken in times.items()}
    print("| method | library s | library error | xaudit s | xaudit error | budget | ratio |")
    print("|---|---|---|---|---|---|---|")
    for one in METHODS:
        print(row(one, times, bounds[one], chosen[one]))
    whole = sum(times["library", one] for one in reached)
    print(f"| {len(reached)} of {len(METHODS)}, together | {whole:.2f} | | "
          f"{times['together']:.2f} | | | **{whole / times['together']:.1f}** |")  # fmt: skip
    if evaluator.rough.wanted == "float32":
        efficiency(evaluator, cases, together, times["together"])
    return {one: times["library", one] for one in METHODS}


def row(method, times, bound, point):
    theirs = f"| {method} | {times['library', method]:.2f} | "
    theirs += "" if bound is None else f"{bound:.3f}"
    if point is None:
        return f"{theirs} | | not reached | | |"
    ratio = times["library", method] / times[method]
    return f"{theirs} | {times[method]:.2f} | {point[1]:.3f} | {point[0]} | {ratio:.1f} |"


def efficiency(evaluator, cases, methods, seconds):
    """Print the time of the bare passes over that of a map of each method."""
    evaluator.cost.forward = evaluator.cost.backward = 0
    run(evaluator, cases, methods)
    cost = (evaluator.cost.forward, evaluator.cost.backward)
    forward, backward = bare(evaluator, cases[0].image)
    passes = ((cost[0] - cost[1]) * forward + cost[1] * backward) / len(cases)
    print(f"\nEfficiency: {passes / seconds:.2f} ({1000 * forward:.1f} ms forward, "
          f"{1000 * backward:.1f} ms forward and backward, {evaluator.sizes}).")  # fmt: skip


def main(count=3, samples=50_000, only=None):
    cases = real_cases(count)
    print(f"{machine()}; {len(cases)} images, reference {samples} samples")
    for name, network, layer in detectors():
        if only not in {None, name}:
            continue
        report(name, network, layer, cases, samples)
        if only == name:
            # The next one would learn first.
            return


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]), *sys.argv[3:])
