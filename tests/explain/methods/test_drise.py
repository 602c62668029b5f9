"""D-RISE on a detector whose boxes follow from the image."""

import numpy as np
import pytest
from drawing_networks import Yolo8

from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.errors import ConfigError, ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.methods.rise import RandomGrids
from xaudit.explain.perturbation.baselines import baseline_of
from xaudit.explain.port import Context, left_out, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.heads.box_score import BoxScore
from xaudit.models.heads.drawing import BoxesSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import detector_of
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import Taken
from xaudit.testing import disc, planted_case

SIDES = (32, 64)
FEW = {"samples": 400, "cells": 6, "baseline": "black"}


def drawing(threshold=0.05):
    seen = InputSpec(*SIDES, channels=1, mean=(0.0,), std=(1.0,))
    output = OutputSpec("boxes", boxes=BoxesSpec(threshold=threshold))
    return detector_of(DetectorSpec("d", "1", "a:b", None, seen, output), Yolo8(), Taken())


@pytest.fixture
def case():
    made = planted_case([disc(SIDES, (12, 20), 4)], SIDES, seed=1)
    image = np.full((1, *SIDES), 0.1, dtype=np.float32)
    image[0, 8:16, 16:24] = 1
    image[0, 24:32, 40:48] = 0.9
    object.__setattr__(made, "image", image)
    return made


def outcome(detector, case, **params):
    method = make_explainer("drise", FEW | params)
    (found,) = explain_all(Evaluator(detector, 64), [Job(case, method)], Context(seed=3))
    return found


def test_the_surest_box_is_where_the_map_is(case):
    found = outcome(drawing(), case).attribution
    best = np.unravel_index(found.values.argmax(), SIDES)
    assert 6 <= best[0] < 18
    assert 14 <= best[1] < 26
    assert found.params["box"] == "16.0 8.0 24.0 16.0"
    assert found.forward == found.params["samples_used"] + 1
    assert found.values[8:16, 16:24].mean() > 5 * abs(found.values[24:, 40:].mean())


def test_another_box_is_explained_where_it_is_the_target(case):
    detector = drawing()
    aimed = detector.aimed(BoxScore(detector.head, (40, 24, 48, 32)))
    found = outcome(aimed, case).attribution
    best = np.unravel_index(found.values.argmax(), SIDES)
    assert best[0] >= 20
    assert best[1] >= 34


def test_values_are_those_of_a_slow_version(case):
    detector, count = drawing(), 40
    found = outcome(detector, case, samples=count).attribution
    seed = Context(seed=3).seed_for(case, "drise")
    masks = RandomGrids(Grid(SIDES), FEW["cells"], 0.5, seed, 0, count)
    black = baseline_of(case.image, case.shown, "black")
    shown = np.stack([masks[row] for row in range(count)])
    images = black + (case.image - black) * shown[:, None]
    weights = []
    for drawn in detector.boxes(images.astype(np.float32)):
        likeness = [0.0]
        for (left, top, right, bottom), rating in zip(drawn.corners, drawn.ratings, strict=True):
            wide = max(0, min(right, 24) - max(left, 16))
            high = max(0, min(bottom, 16) - max(top, 8))
            union = 64 + (right - left) * (bottom - top) - wide * high
            likeness.append(wide * high / union / (1 + np.exp(-rating)))
        weights.append(max(likeness))
    weights = np.array(weights)
    mean = np.tensordot(weights, shown, 1) / shown.sum(axis=0)
    np.testing.assert_allclose(found.values, mean - weights.mean(), atol=1e-4)


def test_the_same_seed_gives_the_same_map_whatever_the_batches(case):
    method = make_explainer("drise", FEW | {"samples": 60})
    one, two = (
        next(iter(explain_all(Evaluator(drawing(), size), [Job(case, method)], Context(seed=3))))
        for size in (7, 64)
    )
    np.testing.assert_allclose(one.attribution.values, two.attribution.values, atol=1e-5)


def test_what_is_not_drawn_is_not_explained(case):
    error = outcome(drawing(threshold=0.999), case).error
    assert isinstance(error, ExplainerError)
    assert "no box is drawn on this image" in str(error)


def test_it_needs_boxes():
    method = make_explainer("drise", {})
    assert left_out([method], frozenset({"gradients", "features"})) == "boxes: drise"
    with pytest.raises(ConfigError, match="samples >= 2"):
        make_explainer("drise", {"samples": 1})
