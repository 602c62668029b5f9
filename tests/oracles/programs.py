"""Small networks of the kinds that are audited, saved as programs in every way that torch has."""

import warnings

import torch
from architectures import awaken
from torch import nn
from torch.nn import functional

SIZE = 32


class Plain(nn.Module):
    """Convolutions, norms, an average pool and a dropout; one logit."""

    def __init__(self, outputs=1):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(inplace=True),
            nn.Conv2d(6, 8, 3, 1, 1), nn.ReLU6(),
        )  # fmt: skip
        self.pool, self.drop = nn.AdaptiveAvgPool2d(1), nn.Dropout(0.5)
        self.head = nn.Linear(8, outputs)

    def forward(self, images):
        return self.head(self.drop(self.pool(self.features(images)).flatten(1)))


class TwoLogits(Plain):
    def __init__(self):
        super().__init__(2)


class Residual(nn.Module):
    """One ReLU in two places, a functional one at the end, the mean as a pool."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 6, 3, 2, 1), nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 6, 3, 1, 1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(6, 1)

    def forward(self, images):
        first = self.relu(self.norm(self.stem(images)))
        second = self.relu(self.second(first)) + first
        return self.head(functional.relu(second - 0.1).mean(dim=(2, 3)))


class Depthwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.SiLU(), nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False),
            nn.BatchNorm2d(8), nn.SiLU(inplace=True), nn.Conv2d(8, 6, 1),
        )  # fmt: skip
        self.head = nn.Linear(6, 1)

    def forward(self, images):
        return self.head(self.body(images).mean(dim=(2, 3)))


class Attention(nn.Module):
    """Patches, a class token and one block; the number of images stands in its shapes."""

    def __init__(self, width=16):
        super().__init__()
        self.embed = nn.Conv2d(1, width, 8, 8)
        self.token = nn.Parameter(torch.full((1, 1, width), 0.1))
        self.norm, self.last = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix = nn.Linear(width, 3 * width)
        self.head = nn.Linear(width, 1)

    def forward(self, images):
        patches = self.embed(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(self.count(images), -1, -1), patches], dim=1)
        query, key, value = self.mix(self.norm(tokens)).chunk(3, dim=-1)
        tokens = tokens + functional.scaled_dot_product_attention(query, key, value)
        return self.head(self.last(tokens)[:, 0])

    def count(self, images):
        return images.shape[0]


class Counted(Attention):
    """Tracing and exporting make a number of this."""

    def count(self, images):
        return len(images)


KINDS = (Plain, TwoLogits, Residual, Depthwise, Attention)


def awake(kind):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = kind()
        awaken(network, torch.rand(2, 4, 1, SIZE, SIZE))
    return network.eval().requires_grad_(False)


def images(count=5):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(2))


def saved(network, how, path):
    """Write a network as "traced", "scripted", "frozen", "dynamic" or "static" (two images)."""
    example = images(2)
    with warnings.catch_warnings():
        # torch.jit says that torch.export comes after it.
        warnings.simplefilter("ignore")
        if how in {"dynamic", "static"}:
            sides = ({0: torch.export.Dim.DYNAMIC},) if how == "dynamic" else None
            torch.export.save(torch.export.export(network, (example,), dynamic_shapes=sides), path)
        elif how == "traced":
            torch.jit.save(torch.jit.trace(network, example), path)
        else:
            program = torch.jit.script(network)
            torch.jit.save(torch.jit.freeze(program) if how == "frozen" else program, path)
    return path
