"""Which method works on which architecture: the table of docs/reference/architectures.md.

    python tests/oracles/method_table.py

rewrites the page; a test compares. Networks are the published ones with random weights, those
of torchvision and timm on images of 64 x 64 pixels, so that all pairs take a minute or two.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from architectures import ARCHITECTURES, detector_of

from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.passes import Features
from xaudit.explain.methods.score_cam import ScoreCam
from xaudit.explain.port import EXPLAINERS, Context, load_built_in, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import disc, planted_case

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "architectures.md"
SIZE = 64
SIZED = {"torchvision:vit_b_16": "image_size", "timm:vit_base_patch16_224": "img_size",
         "timm:swin_tiny_patch4_window7_224": "img_size"}  # fmt: skip
CHEAP = {
    "gradient_shap": {"samples": 4},
    "integrated_gradients": {"steps": 2, "max_steps": 2},
    "lime": {"samples": 20, "segments": 5},
    "occlusion": {"segments": 5},
    "partition_shap": {"evaluations": 20},
    "rise": {"samples": 8},
    "shap": {"samples": 20, "segments": 5},
    "smoothgrad": {"samples": 2},
}
FEW = 32
HEAD = """\
# Architectures and methods

What works on which architecture, tried by a test on the published networks with random weights.

The CAM methods read what the head pools: the last feature map on which the logit depends, found by
passing one image and differentiating, whether a layer returns it or the network's own code makes
it after its last layer. The final ReLU of DenseNet is a layer in timm and a function in
torchvision; the card says "features" of the first and "features, then relu" of the second, and the
same weights give the same map. Where the head is a linear layer over the mean of that feature map
(ResNet, DenseNet, EfficientNet, MobileNetV2, Swin), the Grad-CAM map on its grid and the bias add
up to the logit, which a test holds for both engines. Feature maps come channels first, channels
last, or as tokens with class and register tokens in front. `detector.target_layer` names a layer
to look elsewhere: that layer's output is read as it is, whatever follows.

● a map · – refused, with the reason below the table. A map is not a reason to believe it: read its
residual. DeepLIFT, for one, gives a map of a transformer with a gap that says how wrong it is.

"""


def small(architecture):
    """The same network for smaller images."""
    if architecture.factory.startswith("networks:"):
        return architecture
    sized = SIZED.get(architecture.factory)
    more = {sized: SIZE} if sized else {}
    return replace(
        architecture,
        arguments={**architecture.arguments, **more},
        input=replace(architecture.input, height=SIZE, width=SIZE),
    )


class FewMaps(ScoreCam):
    """Score-CAM of the first feature maps: all two thousand took most of the time of the table."""

    def explain(self, case, context):
        steps = super().explain(case, context)
        (answer,) = yield next(steps)
        known = answer.features
        few = Features(known.activations[:, :FEW], known.gradients[:, :FEW])
        wanted = steps.send([replace(answer, features=few)])
        while True:
            answers = yield wanted
            try:
                wanted = steps.send(answers)
            except StopIteration as end:
                return end.value


def tried():
    """Architecture → method → None, or why there is no map."""
    load_built_in()
    methods = [make_explainer(name, CHEAP.get(name, {})) for name in EXPLAINERS]
    # Networks of this table classify.
    methods = [one for one in methods if "boxes" not in one.needs]
    methods = [FewMaps() if type(one) is ScoreCam else one for one in methods]
    found = {}
    for architecture in ARCHITECTURES:
        if not architecture.name.startswith("light"):
            with tempfile.TemporaryDirectory() as folder:
                detector = detector_of(small(architecture), Path(folder))
            found[architecture.name] = outcomes(detector, methods)
    return found


def outcomes(detector, methods):
    shape = (detector.input.height, detector.input.width)
    case = planted_case([disc(shape, (30, 20), 8)], shape, seed=1)
    if detector.input.color == "rgb":
        object.__setattr__(case, "image", np.repeat(case.image, 3, axis=0))
    background = np.random.default_rng(2).random((2, *case.image.shape), dtype=np.float32)
    jobs = [Job(case, method) for method in methods]
    found = {}
    for outcome in explain_all(Evaluator(detector, 16), jobs, Context(1, background)):
        reason = None if outcome.error is None else f"{outcome.error}"
        if outcome.attribution is not None:
            values = outcome.attribution.values
            assert values.shape == shape
            assert np.isfinite(values).all()
            assert values.any(), outcome.job.explainer.name
        found[outcome.job.explainer.name] = reason
    return found


def page():
    """The whole page."""
    found = tried()
    names = list(found)
    lines = ["| method | " + " | ".join(name.replace("_", " ") for name in names) + " |",
             "|---|" + "---|" * len(names)]  # fmt: skip
    reasons = {}
    for method in found[names[0]]:
        cells = ["●" if found[name][method] is None else "–" for name in names]
        lines.append(f"| [`{method}`](methods/{method}.md) | " + " | ".join(cells) + " |")
        for name in names:
            if found[name][method] is not None:
                reasons.setdefault((method, found[name][method]), []).append(name)
    notes = [f"- `{method}` on {', '.join(where)}: {reason}."
             for (method, reason), where in reasons.items()]  # fmt: skip
    return HEAD + "\n".join(lines) + "\n\n" + "\n".join(notes) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
