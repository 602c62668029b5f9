"""Networks that draw: feature maps are what their heads read, not what they draw."""

import pytest
import torch
from torch import nn
from torch.nn.functional import relu

from xaudit.core.detector import InputSpec, Taken
from xaudit.models.heads.drawing import BoxesSpec, MasksSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import detector_of
from xaudit.models.reference import small_boxes, small_segmenter
from xaudit.models.spec import DetectorSpec
from xaudit.torchvision_operators import torchvision_models

SIDE = 64
YOLO = OutputSpec("boxes", boxes=BoxesSpec("yolov8", activation="sigmoid"))
MASKS = OutputSpec("segmentation", masks=MasksSpec())


def layer_of(network, output, channels=1, name=None):
    seen = InputSpec(SIDE, SIDE, channels=channels, mean=(0.0,), std=(1.0,))
    spec = DetectorSpec("d", "1", "tests:drawn", None, seen, output, target_layer=name)
    return detector_of(spec, network.eval(), Taken()).target_layer


class Pyramid(nn.Module):
    """Two levels, and one head that is called for each."""

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(1, 6, 3, stride=4, padding=1), nn.ReLU())
        self.coarse = nn.Sequential(nn.Conv2d(6, 6, 3, stride=2, padding=1), nn.ReLU())
        self.level = nn.Conv2d(6, 6, 1)
        self.head = nn.Conv2d(6, 5, 1)

    def forward(self, images):
        fine = self.fine(images)
        coarse = self.coarse(fine)
        # The fine level comes last and reads the same heads.
        drawn = [self.head(relu(self.level(one))).flatten(2) for one in (coarse, fine)]
        corners = 100 * torch.cat([one[:, :4] for one in drawn], dim=2).abs()
        # The surest box is one of the fine level.
        logits = torch.cat([drawn[0][:, 4:], 5 + drawn[1][:, 4:]], dim=2)
        return torch.cat([corners, logits], dim=1)


class Queries(nn.Module):
    """Sixteen queries, as many as a grid of four by four has places."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(1, 8, 3, stride=8, padding=1), nn.ReLU())
        self.queries = nn.Parameter(torch.randn(16, 8))
        self.decoder = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.score, self.corners = nn.Linear(8, 1), nn.Linear(8, 4)

    def forward(self, images):
        memory = self.backbone(images).flatten(2).transpose(1, 2)
        asked = self.queries.expand(len(images), -1, -1)
        found = self.norm(self.decoder(asked, memory))
        return {"logits": self.score(found), "pred_boxes": self.corners(found).sigmoid()}


@pytest.mark.parametrize(("network", "output"), [(small_boxes(), YOLO), (small_segmenter(), MASKS)])
def test_features_of_reference_networks(network, output):
    layer = layer_of(network, output)
    assert layer.name == "features"
    assert layer.grid == (8, 8)
    assert layer.step is None


def test_every_call_of_a_shared_head_counts():
    torch.manual_seed(2)
    layer = layer_of(Pyramid(), YOLO)
    assert layer.name in {"fine", "level"}
    assert layer.grid == (16, 16)


def test_queries_are_no_feature_map():
    torch.manual_seed(0)
    output = OutputSpec("boxes", 0, BoxesSpec("detr", activation="sigmoid"))
    layer = layer_of(Queries(), output)
    assert (layer.name, layer.layout, layer.grid) == ("backbone", "channels_first", (8, 8))


def test_logits_of_pixels_are_no_features():
    torch.manual_seed(0)
    network = torchvision_models().segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=2
    )
    seen = OutputSpec("segmentation", 1, masks=MasksSpec())
    assert layer_of(network, seen, channels=3).name == "classifier.cbr"


def test_a_layer_that_is_named_is_read_whatever_it_is():
    assert layer_of(small_boxes(), YOLO, name="evidence").name == "evidence"


def test_a_network_that_is_one_layer_has_none():
    assert layer_of(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1)), MASKS) is None
