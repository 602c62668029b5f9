"""Detectors of the fracture literature that no library builds; small, with random weights."""

from itertools import chain, pairwise

import torch
from torch import nn

from xaudit.torchvision_operators import torchvision_models

VIEWS = 3


def block(before, after, stride=2):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class FracNetLike(nn.Module):
    """Convolutions make tokens, a transformer with a class token reads them."""

    def __init__(self, channels=3, outputs=1, width=32, grid=14):
        super().__init__()
        self.trunk = nn.Sequential(block(channels, 8), block(8, 16), block(16, 32), block(32, 32))
        self.embed = nn.Conv2d(32, width, 1)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.zeros(1, 1 + grid * grid, width))
        layer = nn.TransformerEncoderLayer(width, 4, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)

    def forward(self, images):
        patches = self.embed(self.trunk(images)).flatten(2).transpose(1, 2)
        first = self.class_token.expand(len(images), -1, -1)
        tokens = self.encoder(torch.cat([first, patches], dim=1) + self.position)
        return self.head(self.norm(tokens)[:, 0])


class Ensemble(nn.Module):
    """Mean of the logits of two detectors."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second

    def forward(self, images):
        return (self.first(images) + self.second(images)) / 2


class CnnLstm(nn.Module):
    """Views of one study are channels; one CNN sees each view, an LSTM goes over the views."""

    def __init__(self, views=VIEWS, width=32):
        super().__init__()
        self.views = views
        self.cnn = nn.Sequential(block(1, 8), block(8, 16), block(16, 32), block(32, width))
        self.lstm = nn.LSTM(width, 16, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, study):
        features = self.cnn(study.flatten(0, 1).unsqueeze(1)).mean(dim=(2, 3))
        steps, _ = self.lstm(features.unflatten(0, (-1, self.views)))
        return self.head(steps[:, -1])


class LightCnn(nn.Module):
    """For large images: a stride of 32 at little cost."""

    def __init__(self, channels=1, outputs=1):
        super().__init__()
        widths = (channels, 4, 8, 16, 16, 32)
        self.features = nn.Sequential(*map(block, widths, widths[1:]))
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, images):
        return self.head(self.features(images).mean(dim=(2, 3)))


def fracnet_like(channels=3, outputs=1):
    return FracNetLike(channels, outputs)


def cnn_lstm(views=VIEWS):
    return CnnLstm(views)


def light_cnn(channels=1, outputs=1):
    return LightCnn(channels, outputs)


def ensemble():
    # Where the compiled operators of torchvision are absent, its plain import fails.
    from xaudit.torchvision_operators import torchvision_models

    models = torchvision_models()
    transformer = models.VisionTransformer(224, 16, 2, 3, 48, 96, num_classes=1)
    return Ensemble(models.resnet18(weights=None, num_classes=1), transformer)


class OldStyle(LightCnn):
    """As research code has it: flattened with `view`, squeezed, positions kept between calls."""

    positions = None

    def __init__(self, size=64, outputs=1):
        super().__init__(1, outputs)
        self.head = nn.Linear(32 * (size // 32) ** 2, outputs)

    def forward(self, images):
        features = self.features(images)
        if self.positions is None:
            self.positions = torch.full_like(features[:1], 0.5)
        features = features * features * self.positions
        return self.head(features.view(features.size(0), -1)).squeeze()


class Detached(LightCnn):
    """A frozen trunk, cut off from the graph."""

    def forward(self, images):
        with torch.no_grad():
            features = self.features(images)
        return self.head(features.mean(dim=(2, 3)))


def old_style(size=64, outputs=1):
    return OldStyle(size, outputs)


def detached():
    return Detached()


def vgg11_for_64(outputs=1):
    """VGG-11 with a head for images of 64 x 64: its own is for 224 and has 120 million weights."""
    network = torchvision_models().vgg11(weights=None)
    network.avgpool = nn.AdaptiveAvgPool2d(2)
    widths = (512 * 4, 256, 256)
    hidden = [(nn.Linear(one, other), nn.ReLU(), nn.Dropout())
              for one, other in pairwise(widths)]  # fmt: skip
    network.classifier = nn.Sequential(*chain(*hidden), nn.Linear(widths[-1], outputs))
    return network
