"""Scores and masks of networks that segment."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.models.heads.drawing import MasksSpec
from xaudit.models.heads.mask_score import MaskHead, RegionLogit
from xaudit.models.heads.output import OutputSpec
from xaudit.models.torch_detector import TargetScore

GRID = (32, 48)
SEEN = InputSpec(*GRID, channels=1, mean=(0.0,), std=(1.0,))


class UNet(nn.Module):
    """Two levels, with what crosses between them."""

    def __init__(self, classes):
        super().__init__()
        self.down, self.deep = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.up, self.last = nn.ConvTranspose2d(8, 4, 2, stride=2), nn.Conv2d(8, classes, 1)

    def forward(self, planes):
        first = self.down(planes).relu()
        deep = self.deep(nn.functional.max_pool2d(first, 2)).relu()
        return self.last(torch.cat([first, self.up(deep)], dim=1))


def head_of(activation="sigmoid", positive=0, **declared):
    return MaskHead(OutputSpec("segmentation", positive, masks=MasksSpec(activation, **declared)),
                    GRID)  # fmt: skip


def maps(classes=3, size=GRID, images=2):
    generator = torch.Generator().manual_seed(classes)
    return 3 * torch.randn(images, classes, *size, generator=generator, dtype=torch.float64)


def test_a_class_of_its_own_is_its_logit():
    output = maps()
    assert torch.equal(head_of(positive=2).masks(output, 2), output[:, 2])
    assert torch.equal(head_of().masks(output[:, 0], 2), output[:, 0])
    for wrapped in ({"out": output, "aux": output + 1}, {"logits": output}):
        assert torch.equal(head_of(positive=1).masks(wrapped, 2), output[:, 1])


@pytest.mark.parametrize("positive", [1, (0, 2)])
def test_classes_that_exclude_each_other_have_log_odds(positive):
    output = maps()
    chance = output.softmax(dim=1)[:, [positive] if isinstance(positive, int) else list(positive)]
    expected = chance.sum(dim=1).logit()
    torch.testing.assert_close(head_of("softmax", positive).masks(output, 2), expected)
    left_in = output.softmax(dim=1)
    torch.testing.assert_close(head_of("none", positive).masks(left_in, 2), expected)


def test_probabilities_are_clipped_and_others_are_nan():
    head = head_of("none")
    low, high = head.output.clipping
    output = torch.tensor([0.0, 1.0, 0.5, 1.2, -0.3] * 2).reshape(1, 1, 2, 5)
    found = MaskHead(head.output, (2, 5)).masks(output, 1)[0, 0]
    assert found[:3].tolist() == pytest.approx([low, high, 0], rel=1e-6)
    assert found[3:].isnan().all()
    assert MaskHead(head.output, (2, 5)).score(output, 1).isnan().all()


def test_maps_of_another_stride_are_resized_with_pixel_centers_in_the_middle():
    output = maps(1, (8, 12))
    found = head_of().masks(output, 2)
    expected = interpolate(output, GRID, mode="bilinear", align_corners=False)[:, 0]
    assert torch.equal(found, expected)
    # The middle of four pixels of a ramp; at the edge the ramp stops.
    ramp = torch.arange(12.0, dtype=torch.float64).expand(1, 1, 8, 12)
    row = head_of().masks(ramp, 1)[0, 16].tolist()
    assert row == pytest.approx(np.clip((np.arange(48) + 0.5) / 4 - 0.5, 0, 11))


def test_the_score_of_an_image_is_that_of_the_map_at_its_own_stride():
    output = maps(1, (8, 12))
    assert head_of().score(output, 2).tolist() == output.amax(dim=(1, 2, 3)).tolist()
    head = head_of(rule="mean_of_top", share=0.1)
    best = np.sort(output.flatten(1).numpy(), axis=1)[:, -10:]
    assert head.score(output, 2).tolist() == pytest.approx(best.mean(axis=1))
    assert head.record == {
        "kind": "mask_score_of_image", "output": "segmentation", "columns": (0,),
        "rule": "mean_of_top", "share": 0.1,
    }  # fmt: skip
    one = head_of(rule="mean_of_top", share=1e-6)
    assert one.score(output, 2).tolist() == head_of().score(output, 2).tolist()


@pytest.mark.parametrize(("classes", "activation"), [(1, "sigmoid"), (3, "softmax")])
def test_a_u_net_is_scored_painted_and_differentiated(classes, activation):
    torch.manual_seed(2)
    module = TargetScore(UNet(classes), SEEN, head_of(activation))
    images = torch.rand(3, 1, *GRID).requires_grad_(True)
    painted = module.masks(images)
    assert painted.shape == (3, *GRID)
    torch.testing.assert_close(module(images), painted.amax(dim=(1, 2)))
    (slopes,) = torch.autograd.grad(module(images).sum(), images)
    assert slopes.abs().amax(dim=(1, 2, 3)).min() > 0
    flipped = module.masks(images.detach().flip(3)).shape
    assert flipped == painted.shape


def test_a_region_has_its_mean_logit_and_the_slopes_of_it():
    region = np.zeros(GRID, dtype=bool)
    region[4:8, 10:30] = True
    head = head_of()
    target = RegionLogit(head, region)
    output = maps(1).requires_grad_(True)
    score = target.score(output, 2)
    expected = output.detach().numpy()[:, 0, 4:8, 10:30].mean(axis=(1, 2))
    assert score.tolist() == pytest.approx(expected)
    (slopes,) = torch.autograd.grad(score.sum(), output)
    assert torch.equal(slopes[:, 0] != 0, torch.from_numpy(region).expand(2, -1, -1))
    record = target.record
    assert record["kind"], record["pixels"] == ("region_logit", 80)
    flipped = RegionLogit(head, region[:, ::-1])
    assert flipped.record["region_sha256"] != record["region_sha256"]
    mirrored = output.detach().flip(3)
    assert flipped.score(mirrored, 2).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("shape", [GRID, (8, 8)])
def test_an_empty_region_or_one_of_another_size_has_no_mean(shape):
    with pytest.raises(ValueError, match="expected a region of at least one pixel on 32 x 48"):
        RegionLogit(head_of(), np.zeros(shape, dtype=bool))


@pytest.mark.parametrize(
    ("output", "head", "expected"),
    [
        (torch.zeros(2, 5), head_of(), r"returned a tensor of shape \(2, 5\) for 2 images"),
        (torch.zeros(3, 1, 4, 4), head_of(), "for 2 images, expected maps"),
        ({"masks": torch.zeros(2, 1, 4, 4)}, head_of(), "returned dict"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.int64), head_of(), "expected maps of scores"),
        ([torch.zeros(2, 1, 4, 4)], head_of(), "returned list"),
        (torch.zeros(2, 1, 4, 4), head_of(positive=1), "class 1 .*has 1 map;"),
        (torch.zeros(2, 1, 4, 4), head_of("softmax"), "names all 1 classes"),
    ],
)
def test_another_output_than_declared_is_refused(output, head, expected):
    with pytest.raises(DetectorError, match=expected):
        head.masks(output, 2)
