"""Small networks of several kinds, and how they become ONNX files."""

import contextlib
import io
import warnings

import torch
from torch import nn

SIDE = 32


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.one = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.two = nn.Conv2d(8, 8, 3, 1, 1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.stem(x)
        x = torch.relu(x + self.two(self.one(x)))
        return self.head(x.mean((2, 3)))


class Mobile(nn.Module):
    """Depthwise convolutions, an excitation, SiLU, Hardswish and ReLU6."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU())
        self.deep = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Hardswish())
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Hardsigmoid())
        self.last = nn.Sequential(nn.Conv2d(8, 12, 1), nn.ReLU6())
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 2))

    def forward(self, x):
        x = self.deep(self.stem(x))
        return self.head(self.last(x * self.gate(x)))


class Attention(nn.Module):
    """One block of a vision transformer, with a class token and positions."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 16))
        self.places = nn.Parameter(torch.randn(1, 17, 16))
        self.before, self.after = nn.LayerNorm(16), nn.LayerNorm(16)
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
        self.wide = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        q, k, v = (
            one.unflatten(-1, (2, 8)).transpose(1, 2)
            for one in self.qkv(self.before(x)).chunk(3, -1)
        )
        seen = torch.softmax(q @ k.transpose(-1, -2) / 8**0.5, -1) @ v
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        x = x + self.wide(self.after(x))
        return self.head(x[:, 0])


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU())
        self.box, self.head = nn.Linear(8, 4), nn.Linear(8, 2)

    def forward(self, x):
        x = self.body(x).mean((2, 3))
        return torch.tanh(self.box(x)), self.head(x)


def grouped():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.GroupNorm(2, 8), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.ELU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )  # fmt: skip


def small():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )  # fmt: skip


def ending(last):
    """`small` with one output, and what makes a probability of it."""
    return nn.Sequential(*small()[:-1], nn.Linear(8, 1), last)


NETWORKS = {
    "small": small,
    "residual": Residual,
    "mobile": Mobile,
    "attention": Attention,
    "grouped": grouped,
    "sigmoid": lambda: ending(nn.Sigmoid()),
}


def network(name, seed=0):
    """In evaluation mode, with statistics as after training."""
    torch.manual_seed(seed)
    made = NETWORKS[name]() if isinstance(name, str) else name()
    for one in made.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.running_mean.normal_(0, 0.2)
            one.running_var.uniform_(0.5, 1.5)
        if isinstance(one, (nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)):
            torch.nn.init.uniform_(one.weight, 0.5, 1.5)
            torch.nn.init.normal_(one.bias, 0, 0.2)
    return made.eval().requires_grad_(False)


def export(made, path, exporter="old", batch=None, planes=3, **how):
    """Write an ONNX file.

    Args:
        made: a network.
        path: of the file.
        exporter: "old" or "dynamo".
        batch: images that it takes; None for any number.
        planes: of an image.
        how: further options of the exporter.
    """
    image = torch.rand(batch or 2, planes, SIDE, SIDE)
    old = exporter == "old"
    if old:
        how |= {"dynamo": False, "input_names": ["image"]}
        how |= {} if batch else {"dynamic_axes": {"image": {0: "n"}}}
    else:
        how = {"external_data": False} | how
        how |= {} if batch else {"dynamic_shapes": ({0: torch.export.Dim("n")},)}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(made, (image,), str(path), **how)
    return path
