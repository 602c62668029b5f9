"""In which format a network says the same: a table of docs/reference/model-formats.md.

    python tests/oracles/format_table.py [NETWORK ...]

writes the table anew, or the rows of these networks; tests compare. Networks have random weights
and see drawn films of 64 x 64 pixels; the two detectors of FracAtlas see its films, where those
are. Methods take few steps and samples: that shows as well whether they see the same network.
"""

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import exports
import hub_networks
import numpy as np
import torch
from architectures import awaken
from fracatlas_files import STUDY, THERE, WEIGHTS
from safetensors.torch import load_file, save_file

from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.data.image_file import ImageFile
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.architectures import build_network
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import OF_FORMAT, TORCH, DetectorSpec
from xaudit.phantom.demo import REFERENCE_BOXES, REFERENCE_INPUT, REFERENCE_WEIGHTS
from xaudit.phantom.study import phantom_study
from xaudit.phantom.write import write_study
from xaudit.testing import tiny_study

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "model-formats.md"
BEGINS, ENDS = "<!-- written by tests/oracles/format_table.py -->", "<!-- end of the table -->"
SIDE, MEAN, STD = 64, 0.45, 0.25
SEEN = InputSpec(SIDE, SIDE, mean=(MEAN,), std=(STD,))
OTHERS = {
    "vgg11": ("networks:vgg11_for_64", {"outputs": 2}),
    "vit_b_16": ("torchvision:vit_b_16", {"num_classes": 2, "image_size": SIDE}),
}
"""Networks that take small images only if they are told."""
REAL = InputSpec(224, 224)
TWO = OutputSpec("two_logits", 1)
SAVED = {"torchscript": exports.torchscript, "pt2": exports.pt2, "onnx": exports.old_onnx}
HUB = "huggingface"
METHODS = {
    "gradcam": {},
    "integrated_gradients": {"steps": 4, "max_steps": 4},
    "lime": {"samples": 12, "segments": 5},
    "shap": {"samples": 12, "segments": 5},
}
FILMS = dict.fromkeys(METHODS, 1) | {"gradcam": 3, "integrated_gradients": 3}
"""So many are explained; the median of their differences counts."""
COLUMNS = ("logit", "drawn", *METHODS)
TITLES = ("logit", "boxes, masks", "Grad-CAM", "Integrated Gradients", "LIME", "SHAP")
TOLERANCE = dict.fromkeys(COLUMNS, 1e-2) | {"logit": 1e-4}
"""A difference above it would be another network."""
NOTHING = 1e-6
"""Smaller differences are not told apart: another processor rounds otherwise."""
ACCEPT = "accept with `make table`"
NETWORKS = {
    "resnet18": "ResNet-18", "resnet50": "ResNet-50", "densenet121": "DenseNet-121",
    "vgg11": "VGG-11", "mobilenet_v2": "MobileNetV2", "mobilenet_v3_small": "MobileNetV3-small",
    "efficientnet_b0": "EfficientNet-B0", "vit_b_16": "ViT-B/16", "swin_t": "Swin-T",
    "convnext_tiny": "ConvNeXt-Tiny",
}  # fmt: skip


DRAWN = {
    "boxes": ("small_boxes", REFERENCE_BOXES, BoxesSpec("yolov8", activation="sigmoid")),
    "masks": ("small_segmenter", REFERENCE_WEIGHTS, MasksSpec()),
}
"""What reference networks draw → factory, weights, and how it is declared."""
DRAWN_TITLES = {name: f"reference network, {name}" for name in DRAWN}
REAL_TITLES = {name: f"MobileNetV2 of FracAtlas, {name}" for name in WEIGHTS}


@dataclass(frozen=True)
class Subject:
    """A network, and how it is declared.

    Attributes:
        title: as the table names it.
        network: in evaluation mode.
        factory: its architecture.
        arguments: of that.
        seen: how images enter it.
        output: what it returns.
    """

    title: str
    network: torch.nn.Module
    factory: str
    arguments: dict
    seen: InputSpec = SEEN
    output: OutputSpec = TWO

    def saved(self, kind, path):
        """The declaration of a file in a format."""
        own = kind == TORCH
        return DetectorSpec(
            self.title, "1", self.factory if own else OF_FORMAT.format(kind), path, self.seen,
            self.output, self.arguments if own else {}, allow_code=(self.factory,), format=kind,
        )  # fmt: skip

    def weights(self, folder):
        """The declaration of its weights, saved in a folder."""
        path = folder / "weights.safetensors"
        save_file(self.network.state_dict(), path)
        return self.saved(TORCH, path)


@dataclass(frozen=True)
class Row:
    """How far a network in a format is from the same weights.

    Attributes:
        network: its title.
        format: of the file.
        offers: besides scores.
        apart: for each of `COLUMNS`, root mean square of the differences by that of the values;
            None where the format does not offer it.
        limits: what the detector says of itself, or why it is refused.
    """

    network: str
    format: str
    offers: str
    apart: tuple[float | None, ...]
    limits: str

    @property
    def line(self):
        """Of the table."""
        cells = ["–" if one is None else bound(one) for one in self.apart]
        return "| " + " | ".join([self.network, f"`{self.format}`", self.offers, *cells]) + " |"


def bound(apart):
    """A power of ten with room for another processor."""
    if apart < NOTHING:
        return f"{NOTHING:.0e}"
    return f"{10.0 ** np.ceil(np.log10(1.5 * apart)):.0e}"


def films(folder):
    """Four, as they enter the network."""
    return [prepare(case, SEEN) for case in tiny_study(folder / "study", patients=4).cases[:4]]


def real_films():
    """Four films of FracAtlas with a fracture."""
    paths = sorted((STUDY / "images" / "Fractured").glob("*.jpg"))[::50]
    cases = [Case(path.stem, path.stem, True, ImageFile(path.resolve())) for path in paths]
    return [prepare(case, REAL) for case in cases]


def rows_of(name, folder):
    """The rows of one of `NETWORKS`."""
    cases, title = films(folder), NETWORKS[name]
    declared = OTHERS.get(name, (f"torchvision:{name}", {"num_classes": 2}))
    found = rows(awake(title, *declared), cases, folder)
    if name in hub_networks.CONFIGS:
        given = {"name": name, "side": SIDE}
        found.append(hub_row(awake(title, "hub_networks:network", given), cases, folder))
    return found


def real_rows(name, folder):
    """The rows of one of `WEIGHTS`."""
    factory, given = "torchvision:mobilenet_v2", {"num_classes": 1}
    network = build_network(factory, given).eval()
    network.load_state_dict(load_file(WEIGHTS[name]))
    subject = Subject(REAL_TITLES[name], network, factory, given, REAL, OutputSpec("logit"))
    return rows(subject, real_films(), folder)


def drawn_rows(name, folder):
    """The rows of one of `DRAWN`, on films of the phantom."""
    factory, weights, declared = DRAWN[name]
    network = build_network(f"xaudit.models.reference:{factory}", {}).eval()
    network.load_state_dict(load_file(weights), strict=True)
    kind = "boxes" if name == "boxes" else "segmentation"
    output = OutputSpec(kind, **{name: declared})
    subject = Subject(DRAWN_TITLES[name], network, f"xaudit.models.reference:{factory}", {},
                      REFERENCE_INPUT, output)  # fmt: skip
    study = write_study(phantom_study(11, 4, 1.0), folder / "study").parent
    cases = load_study(DataSpec("manifest", study, Path("manifest.csv"))).cases[:4]
    return rows(subject, [prepare(case, REFERENCE_INPUT) for case in cases], folder)


def awake(title, factory, arguments):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = build_network(factory, arguments, (factory,))
        awaken(network, (torch.rand(2, 4, 3, SIDE, SIDE) - MEAN) / STD, shift=1.0)
    return Subject(title, network, factory, arguments)


def rows(subject, cases, folder):
    """A network in each format beside its weights.

    Args:
        subject: the network.
        cases: films; the first is explained.
        folder: for files.
    """
    _, own = answers(subject.weights(folder), cases)
    seen, found = subject.seen, []
    example = torch.rand(2, seen.channels, seen.height, seen.width)
    for kind, save in SAVED.items():
        path = folder / f"model.{kind}"
        save(subject.network, example, path)
        found.append(row(subject, kind, path, own, cases))
        path.unlink()
    return found


def hub_row(subject, cases, folder):
    _, own = answers(subject.weights(folder), cases)
    subject.network.model.save_pretrained(folder / "hub")
    return row(subject, HUB, folder / "hub", own, cases)


def answers(declared, cases):
    """A detector, and what it says: of all films, and of some in each method that it offers."""
    detector = load_detector(declared)
    evaluator = Evaluator(detector, 8)
    images = np.stack([case.image for case in cases])
    said = {"logit": [evaluator.logits(images)]}
    if "boxes" in detector.capabilities:
        said["drawn"] = [one.corners[:1].ravel() for one in evaluator.boxes(images)]
    if "masks" in detector.capabilities:
        said["drawn"] = list(evaluator.masks(images))
    methods = [make_explainer(name, given) for name, given in METHODS.items()]
    offered = [one for one in methods if not one.needs - detector.capabilities]
    jobs = [Job(case, one) for place, case in enumerate(cases) for one in offered
            if place < FILMS[one.name]]  # fmt: skip
    for made in explain_all(evaluator, jobs, Context(1)):
        if made.error is not None:
            raise made.error
        assert made.attribution.values.any(), made.job.explainer.name
        said.setdefault(made.job.explainer.name, []).append(made.attribution.values)
    return detector, said


def row(subject, kind, path, own, cases):
    try:
        detector, said = answers(subject.saved(kind, path), cases)
    except DetectorError as error:
        return Row(subject.title, kind, "refused", (None,) * len(COLUMNS), str(error))
    named = {"gradients": "gradients", "features": "feature maps",
             "boxes": "boxes", "masks": "masks"}  # fmt: skip
    offers = [words for one, words in named.items() if one in detector.capabilities]
    apart = tuple(difference(said.get(one), own.get(one)) for one in COLUMNS)
    limits = " ".join(detector.facts.limits)
    return Row(subject.title, kind, ", ".join(offers) or "scores", apart, limits)


def difference(made, expected):
    """Of several films the median; see `Row.apart`."""
    if made is None or expected is None:
        return None
    return float(np.median([_apart(*pair) for pair in zip(made, expected, strict=True)]))


def _apart(one, other):
    """Root mean square of the differences by that of the values; of logits by their spread."""
    middle = other.mean() if other.ndim == 1 else 0.0
    return np.linalg.norm(one - other) / np.linalg.norm(other - middle)


HEAD = f"| network | format | offers | {' | '.join(TITLES)} |\n{'|---' * (len(TITLES) + 3)}|"


def told(found):
    """The lines of rows, and why some offer less."""
    return [one.line for one in found], [
        f"- {one.network} as `{one.format}`: {one.limits}" for one in found if one.limits
    ]


def committed():
    """Title of a network → its lines of the page, and those that say why."""
    text = PAGE.read_text(encoding="utf-8").split(BEGINS)[1].split(ENDS)[0]
    found = {}
    for one in filter(None, text.split(HEAD)[-1].splitlines()):
        title = re.match(r"(?:\| |- )(.*?)(?: \| `| as `)", one)[1]
        found.setdefault(title, ([], []))[one.startswith("- ")].append(one)
    return found


def compared(found):
    """Hold rows against those of the page: what is offered, and that nothing is further apart."""
    lines, reasons = committed()[found[0].network]
    assert told(found)[1] == reasons, ACCEPT
    for one, line in zip(found, lines, strict=True):
        cells = line.strip("| ").split(" | ")
        assert cells[:3] == [one.network, f"`{one.format}`", one.offers], ACCEPT
        for name, apart, cell in zip(COLUMNS, one.apart, cells[3:], strict=True):
            assert (apart is None) == (cell == "–"), ACCEPT
            # Another processor rounds otherwise.
            assert apart is None or apart <= 2 * float(cell), (name, line, apart)
            assert apart is None or float(cell) <= TOLERANCE[name], (name, line)


def written(found):
    """Put lines into the page: title of a network → what `told` says of it."""
    parts = [[line for one in found.values() for line in one[part]] for part in (0, 1)]
    table = "\n\n".join("\n".join(part) for part in ([HEAD, *parts[0]], parts[1]) if part)
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGINS)[0], text.split(ENDS)[1]
    PAGE.write_text(f"{before}{BEGINS}\n\n{table}\n\n{ENDS}{after}", encoding="utf-8")


def measured(name):
    """The rows of one of `NETWORKS`, `DRAWN` or `WEIGHTS`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if name in WEIGHTS:
            return real_rows(name, folder)
        if name in DRAWN:
            return drawn_rows(name, folder)
        return rows_of(name, folder)


if __name__ == "__main__":
    found = committed()
    for name in sys.argv[1:] or (*NETWORKS, *DRAWN, *(WEIGHTS if THERE else ())):
        made = measured(name)
        found[made[0].network] = told(made)
        # One by one: a network that fails leaves the others.
        written(found)
