"""Detectors of torchvision and transformers, held against what the libraries make of them."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.architectures import build_network
from xaudit.models.heads.box_score import BoxHead, BoxScore
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import detector_of, load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.models.torch_detector import Taken
from xaudit.torchvision_operators import torchvision_models

SIDES = (48, 64)
SEEN = InputSpec(*SIDES, channels=3, mean=(0.0,), std=(1.0,))
CLASSES = 4


class Backbone(nn.Sequential):
    """One feature map of 8 pixels, as the constructors of torchvision expect it."""

    out_channels = 32

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 5, 4, 2), nn.ReLU(), nn.Conv2d(8, 32, 3, 2, 1), nn.ReLU()
        )  # fmt: skip


def built(name):
    """A detector of torchvision with a tiny backbone; its own threshold lets everything pass."""
    detection = torchvision_models().detection
    from torchvision.models.detection.anchor_utils import (
        AnchorGenerator,
        DefaultBoxGenerator,
    )

    anchors = AnchorGenerator(((12, 24),), ((0.5, 1.0),))
    same = {"min_size": SIDES[0], "max_size": SIDES[1], "num_classes": CLASSES}
    torch.manual_seed(5)
    if name == "FasterRCNN":
        from torchvision.ops import MultiScaleRoIAlign

        pool = MultiScaleRoIAlign(["0"], 4, 2)
        return detection.FasterRCNN(
            Backbone(), rpn_anchor_generator=anchors, box_roi_pool=pool, box_score_thresh=0.0,
            box_head=nn.Sequential(nn.Flatten(), nn.Linear(512, 16), nn.ReLU()),
            box_predictor=detection.faster_rcnn.FastRCNNPredictor(16, CLASSES),
            **same | {"num_classes": None},
        )  # fmt: skip
    if name == "SSD":
        backbone = Backbone()
        backbone.out_channels = [32]
        return detection.ssd.SSD(
            backbone, DefaultBoxGenerator([[2]], scales=[0.2, 0.5]), SIDES[::-1], CLASSES,
            score_thresh=0.0,
        )  # fmt: skip
    kind = getattr(detection, name)
    if name == "FCOS":
        anchors = AnchorGenerator(((8,),), ((1.0,),))
    return kind(Backbone(), anchor_generator=anchors, score_thresh=0.0, **same)


def detector_with(network, output, seen=SEEN):
    spec = DetectorSpec("d", "1", "own:network", None, seen, output)
    return detector_of(spec, network, Taken())


def films(count=3):
    return np.random.default_rng(2).random((count, 1, *SIDES), dtype=np.float32)


@pytest.mark.parametrize("name", ["FasterRCNN", "RetinaNet", "FCOS", "SSD"])
def test_boxes_are_those_that_torchvision_returns(name):
    network = built(name)
    with torch.no_grad():
        for part in network.modules():
            # Scores that differ from image to image.
            if isinstance(part, nn.Conv2d | nn.Linear):
                part.weight.mul_(3)
    detector = detector_with(network, OutputSpec("boxes", 1, boxes=BoxesSpec(most=1000)))
    assert detector.capabilities >= {"boxes", "gradients"}
    evaluator = Evaluator(detector, 2)
    # Itself: in the folded copy of the evaluator other digits decide which doubles are dropped.
    drawn, scores = detector.boxes(films()), evaluator.logits(films())
    assert [len(one) > 3 for one in evaluator.boxes(films())] == [True] * 3
    with torch.no_grad():
        planes = torch.from_numpy(films()).expand(-1, 3, -1, -1)
        theirs = network(planes.contiguous(memory_format=torch.channels_last))
    for boxes, one, score in zip(drawn, theirs, scores, strict=True):
        # SSD returns boxes that end where they begin.
        area = ((one["boxes"][:, 2:] - one["boxes"][:, :2]) > 0).all(dim=1)
        mine = (one["labels"] == 1) & (one["scores"] >= 0.001) & area
        order = one["scores"][mine].argsort(descending=True)
        corners = one["boxes"][mine][order].numpy()
        assert len(boxes) > 3
        assert boxes.corners == pytest.approx(corners, abs=1e-2)
        assert boxes.ratings == pytest.approx(one["scores"][mine][order].logit().numpy(), abs=1e-3)
        assert score == pytest.approx(boxes.ratings[0], abs=1e-3)
    gradients = evaluator.gradients(films())
    assert np.isfinite(gradients).all()
    assert gradients.any(axis=(1, 2, 3)).all()


def test_the_slope_of_one_box_is_that_of_differences():
    detector = detector_with(built("FasterRCNN"), OutputSpec("boxes", (1, 2, 3)))
    image = films(1)
    (drawn,) = detector.boxes(image)
    aimed = detector.aimed(BoxScore(detector.head, tuple(drawn.corners[2])))
    assert aimed.logits(image) == pytest.approx(drawn.ratings[2:3], abs=1e-5)
    slope = Evaluator(aimed, 1).gradients(image)
    step = 1e-2 * slope / np.abs(slope).max()
    moved = aimed.logits(image + step) - aimed.logits(image - step)
    assert moved[0] == pytest.approx(2 * (slope * step).sum(), rel=0.05)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("ssdlite320_mobilenet_v3_large", {"num_classes": 2, "score_thresh": 0.5})],
)
def test_names_of_detectors_are_known_and_nothing_is_downloaded(name, arguments, monkeypatch):
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", None)
    network = build_network(f"torchvision:{name}", arguments)
    assert network.score_thresh == 0.5
    with pytest.raises(DetectorError, match="detection or segmentation; near: fasterrcnn_resnet50"):
        build_network("torchvision:fasterrcnn_resnet50_fnp", {})


def test_nothing_is_normalized_twice():
    with pytest.raises(DetectorError, match=r"normalizes images itself .*declare mean: \[0.0\]"):
        detector_with(built("FCOS"), OutputSpec("boxes"), InputSpec(*SIDES))
    network = built("FCOS")
    network.transform.image_mean, network.transform.image_std = [0.0] * 3, [1.0] * 3
    assert detector_with(network, OutputSpec("boxes", 1), InputSpec(*SIDES))


def tiny(transformers, name):
    same = {"num_labels": CLASSES, "num_queries": 12, "d_model": 16}
    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic",
        out_features=["stage2"],
    )  # fmt: skip
    config = transformers.DetrConfig(
        **same, backbone_config=backbone, use_timm_backbone=False, use_pretrained_backbone=False,
        encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16,
    )  # fmt: skip
    torch.manual_seed(1)
    return getattr(transformers, name)(config).eval()


@pytest.mark.heavy
def test_boxes_of_detr_are_those_of_its_own_post_processing():
    torchvision_models()
    transformers = pytest.importorskip("transformers")
    network = tiny(transformers, "DetrForObjectDetection")
    spec = BoxesSpec(activation="softmax", threshold=0.05)
    output = OutputSpec("boxes", tuple(range(CLASSES)), boxes=spec)
    planes = torch.from_numpy(films(2)).expand(-1, 3, -1, -1)
    with torch.no_grad():
        made = network(pixel_values=planes)
    head = BoxHead(output, SIDES)
    # Theirs keeps the best class of each query alone.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processor = transformers.DetrImageProcessor()
    sizes = [SIDES, SIDES]
    theirs = processor.post_process_object_detection(made, threshold=0.05, target_sizes=sizes)
    limits = torch.tensor([SIDES[1], SIDES[0], SIDES[1], SIDES[0]])
    for boxes, one in zip(head.boxes(made, 2), theirs, strict=True):
        ours = [
            (label, *corners, rating)
            for corners, rating, label in zip(
                boxes.corners.tolist(), boxes.ratings.tolist(), boxes.classes, strict=True
            )
        ]
        assert len(one["scores"])
        for score, label, box in zip(one["scores"], one["labels"], one["boxes"], strict=True):
            wanted = (int(label), *box.clamp_min(0).minimum(limits).tolist(), score.logit().item())
            assert any(row == pytest.approx(wanted, abs=1e-3) for row in ours)


def hub(folder, kind="boxes", **declared):
    boxes = BoxesSpec(**declared) if kind == "boxes" else None
    masks = MasksSpec("softmax") if kind == "segmentation" else None
    return DetectorSpec(
        "hub", "1", "format:huggingface", folder, SEEN, OutputSpec(kind, 1, boxes, masks),
        format="huggingface",
    )  # fmt: skip


@pytest.mark.heavy
def test_a_folder_of_detr_is_a_detector_that_draws(tmp_path):
    torchvision_models()
    transformers = pytest.importorskip("transformers")
    network = tiny(transformers, "DetrForObjectDetection")
    network.save_pretrained(tmp_path)
    detector = load_detector(hub(tmp_path, activation="softmax", threshold=0.05))
    assert detector.capabilities >= {"boxes", "gradients"}
    with torch.no_grad():
        made = network(pixel_values=torch.from_numpy(films(2)).expand(-1, 3, -1, -1))
    chances = made.logits.softmax(dim=-1)[..., 1].amax(dim=1)
    assert detector.logits(films(2)) == pytest.approx(chances.logit().numpy(), abs=1e-4)
    assert all(len(one) for one in detector.boxes(films(2)))
    with pytest.raises(DetectorError, match="expected softmax, as networks of type detr have it"):
        load_detector(hub(tmp_path, activation="sigmoid"))
    with pytest.raises(DetectorError, match="has no network of type 'detr' that segments images"):
        load_detector(hub(tmp_path, "segmentation"))


@pytest.mark.heavy
def test_a_folder_of_a_segmenter_is_a_detector_that_paints(tmp_path):
    torchvision_models()
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    config = transformers.SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16],
        patch_sizes=[7, 3], strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2],
        decoder_hidden_size=16, num_labels=3,
    )  # fmt: skip
    network = transformers.SegformerForSemanticSegmentation(config).eval()
    network.save_pretrained(tmp_path)
    detector = load_detector(hub(tmp_path, "segmentation"))
    with torch.no_grad():
        made = network(pixel_values=torch.from_numpy(films(2)).expand(-1, 3, -1, -1)).logits
    chances = made.softmax(dim=1)[:, 1].amax(dim=(1, 2))
    assert detector.logits(films(2)) == pytest.approx(chances.logit().numpy(), abs=1e-4)
    assert detector.masks(films(2)).shape == (2, *SIDES)
