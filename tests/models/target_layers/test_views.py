"""Feature maps of several views: read where one call of a layer sees each view by itself."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from xaudit.core.detector import InputSpec, Taken, Views
from xaudit.errors import DetectorError
from xaudit.models.load import detector_of
from xaudit.models.spec import DetectorSpec
from xaudit.models.target_layers.layers import find_target_layer

SPEC = DetectorSpec(
    "views", "1", "tests:views", None,
    InputSpec(16, 16, channels=1, mean=(0.0,), std=(1.0,), views=Views(4)),
)  # fmt: skip


class Together(nn.Module):
    """One call of the CNN for all views; ``order`` says in which order they enter it."""

    def __init__(self, order=(0, 1, 2, 3), mixed=False):
        super().__init__()
        self.order, self.mixed = list(order), mixed
        self.cnn = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU())
        self.fuse = nn.Sequential(nn.Conv2d(6, 6, 1), nn.ReLU())
        self.lstm = nn.LSTM(6, 5, batch_first=True)
        self.head = nn.Linear(5, 1)

    def forward(self, views):
        batch, count = views.shape[:2]
        # As research code joins batch and views.
        maps = self.cnn(views[:, self.order].view(batch * count, *views.shape[2:]))
        if self.mixed:
            apart = maps.unflatten(0, (batch, count))
            maps = self.fuse((apart + apart.mean(dim=1, keepdim=True)).flatten(0, 1))
        steps, _ = self.lstm(maps.mean(dim=(2, 3)).unflatten(0, (batch, count)))
        return self.head(steps[:, -1])


class OneByOne(Together):
    """A call of the CNN for each view."""

    def forward(self, views):
        maps = [self.cnn(one).mean(dim=(2, 3)) for one in views.unbind(dim=1)]
        return self.head(self.lstm(torch.stack(maps, dim=1))[0][:, -1])


class FirstViewsThenBatch(Together):
    """Rows of the CNN are views of all examinations, not examinations of all views."""

    def forward(self, views):
        maps = self.cnn(views.transpose(0, 1).flatten(0, 1)).mean(dim=(2, 3))
        return self.head(self.lstm(maps.unflatten(0, (4, -1)).transpose(0, 1))[0][:, -1])


class Volume(nn.Module):
    """Views are the depth of a volume."""

    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv3d(1, 3, 3, padding=1), nn.ReLU())
        self.head = nn.Linear(3, 1)

    def forward(self, views):
        return self.head(self.cnn(views.transpose(1, 2)).mean(dim=(2, 3, 4)))


class Tokens(Together):
    """A transformer without a class token sees each view."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 8, 4, 4)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.lstm = nn.LSTM(8, 5, batch_first=True)

    def forward(self, views):
        tokens = self.patches(views.flatten(0, 1)).flatten(2).transpose(1, 2)
        tokens = self.norm(self.encoder(tokens)).mean(dim=1)
        return self.head(self.lstm(tokens.unflatten(0, (-1, 4)))[0][:, -1])


def test_one_call_for_all_views_is_read():
    detector = detector_of(SPEC, Together(), Taken())
    layer = detector.target_layer
    assert (layer.name, layer.views, layer.stacked, layer.grid) == ("cnn", 4, True, (64, 16))
    assert detector.capabilities == {"gradients", "features"}


def test_tokens_of_each_view_are_read():
    detector = detector_of(SPEC, Tokens(), Taken())
    layer = detector.target_layer
    assert (layer.layout, layer.views, layer.grid, layer.view_grid) == (
        "tokens",
        4,
        (16, 4),
        (4, 4),
    )
    tokens = torch.rand(8, 16, 8)
    maps = layer.feature_map(tokens)
    assert maps.shape == (2, 8, 16, 4)
    torch.testing.assert_close(maps[1, :, 4:8], tokens[5].T.reshape(8, 4, 4))


@pytest.mark.parametrize(
    "network", [OneByOne(), FirstViewsThenBatch(), Volume(), Together((1, 0, 2, 3))]
)
def test_where_no_row_belongs_to_one_view_gradients_alone_are_offered(network):
    detector = detector_of(SPEC, network, Taken())
    assert detector.target_layer is None
    assert detector.capabilities == {"gradients"}


def test_a_layer_that_sees_other_views_is_refused_by_name():
    network = Together(mixed=True)
    detector = detector_of(SPEC, network, Taken())
    assert detector.target_layer is None
    image = torch.rand(1, 1, 64, 16)
    assert find_target_layer(network, detector.module, image, "cnn", 4).name == "cnn"
    with pytest.raises(DetectorError, match="'fuse' depends on other views"):
        find_target_layer(network, detector.module, image, "fuse", 4)


def test_a_network_of_one_image_says_what_it_was_given():
    with pytest.raises(DetectorError, match="does not take an input of 1 x 64 x 16"):
        detector_of(SPEC, nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1)), Taken())


def test_planes_and_views_reach_the_network_in_their_order():
    seen = []

    class Watched(Together):
        def forward(self, views):
            seen.append(views.clone())
            return super().forward(views)

    spec = InputSpec(16, 16, color="rgb", mean=(0.1, 0.2, 0.3), std=(1.0,), views=Views(2))
    network = Watched()
    network.cnn[0] = nn.Conv2d(3, 6, 3, padding=1)
    network.order = [0, 1]
    module = detector_of(
        DetectorSpec("views", "1", "tests:views", None, spec), network, Taken()
    ).module
    image = torch.rand(3, 3, 32, 16)
    with torch.no_grad():
        module(image)
    for view in range(2):
        expected = image[:, :, 16 * view : 16 * (view + 1)] - torch.tensor(spec.mean)[:, None, None]
        torch.testing.assert_close(seen[-1][:, view], expected)


def test_recurrent_layers_have_gradients_on_a_gpu_in_evaluation_mode():
    """cuDNN refuses their backward pass there; no GPU is needed to see that it is left out."""
    on_gpu = SimpleNamespace(is_cuda=True)
    lstm = detector_of(SPEC, Together(), Taken()).module
    plain = detector_of(SPEC, Volume(), Taken()).module
    for module, grad, expected in ((lstm, True, False), (lstm, False, True), (plain, True, True)):
        with torch.set_grad_enabled(grad), module._differentiable(on_gpu):
            assert torch.backends.cudnn.enabled is expected
    assert torch.backends.cudnn.enabled
