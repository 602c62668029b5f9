"""Questions that an audit file may leave open; `check` and `run` ask all of them at once.

`xaudit init` writes what it can show and marks the rest: a guess that looks like an answer is a
wrong number later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xaudit.yaml_file import Location, YamlFile

OPEN = "?"
"""Stands where an answer is wanted."""

QUESTIONS: Mapping[str, str] = {
    "data.positive": "which values of the label, or which classes, mean fractured?",
    "data.options.unannotated": "images without annotation: did somebody look and find nothing "
    "(normal), or nobody look (excluded)?",
    "data.options.labels": "which CSV holds the labels of the DICOM objects, or do lesions mean "
    "a fracture (then lesions_mean_fracture: true in its place)?",
    "detector.architecture": "which network has these weights? torchvision:NAME, timm:NAME or "
    "package.module:factory for your own, which then needs --allow-code too",
    "detector.weights_key": "which of the states in the file is audited?",
    "detector.arguments.output": "which output holds the scores?",
    "detector.input.height": "to how many rows did the training code bring an image "
    "(its Resize, CenterCrop)?",
    "detector.input.width": "to how many columns did the training code bring an image "
    "(its Resize, CenterCrop)?",
    "detector.input.color": "did the training code read images as gray, or as rgb? For images "
    "that are gray it is the same; then say gray",
    "detector.input.pad": "which gray value in [0, 1] has the padding? For letterbox only: else "
    "take the line out",
    "detector.input.channels": "how many planes does the network take?",
    "detector.input.resize": "how did the training code treat the aspect: letterbox (kept, "
    "padded), stretch (Resize((h, w))) or crop (Resize(s), CenterCrop(s))? Where more was resized "
    "than was kept, as in Resize(256), CenterCrop(224), say crop_pct too: 0.875",
    "detector.input.interpolation": "which library resized for training, and how: "
    "pil_bilinear (the default of torchvision's Resize), cv2_area, torch_bilinear, ...?",
    "detector.input.mean": "what did the training code subtract, with pixels in [0, 1] (its "
    "Normalize)? [0.0] if nothing",
    "detector.input.std": "by what did the training code divide, with pixels in [0, 1] (its "
    "Normalize)? [1.0] if by nothing",
    "detector.input.intensity": "how did stored values become [0, 1]: dtype (divided by the "
    "type's maximum, as ToTensor does), percentile or minmax?",
    "detector.output.kind": "what do the outputs mean? one of two or more classes that exclude "
    "each other (two_logits, softmax), or labels of their own (multi_label); with a sigmoid or "
    "softmax inside the network, probability or probabilities; boxes or segmentation where it "
    "says where",
    "detector.output.positive": "which output means fractured, counted from 0? The order of the "
    "training code's class names says it",
    "detector.operating_points.probability": "above which probability is a case called positive? "
    "(or give logit: instead)",
    "detector.operating_points.origin": "was the threshold fixed before this study was seen "
    "(fixed), or chosen on it (chosen_on_study: then no verdict is read from it)?",
    "detector.operating_points.note": "how was the threshold chosen, and on which data?",
}


def open_questions(file: YamlFile) -> Mapping[Location, str]:
    """What is marked as open in a file.

    Returns:
        Location → place, key and question.
    """
    return {
        location: f"{file.place(location)}: {'.'.join(map(str, location))}: {_asked(location)}"
        for location in _marked(file.data, ())
    }


def _asked(location: Location) -> str:
    key = ".".join(part for part in map(str, location) if not part.isdigit())
    question = QUESTIONS.get(key, "answer it, or take the line out")
    return f"is not answered yet: {question}"


def _marked(data: object, location: Location) -> Iterator[Location]:
    if data == OPEN:
        yield location
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _marked(value, (*location, str(key)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            # In a list of plain values a question mark may be one of the data.
            if isinstance(value, dict):
                yield from _marked(value, (*location, index))
