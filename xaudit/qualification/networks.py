"""Networks that find fractures as the reference detector does, and what is wrong with some.

All take (N, 1, 224, 160) on the reference detector's input scale, hold its weights as ``reader``
and return (N, 1).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from xaudit.models.reference import SmallCnn, pool
from xaudit.qualification.filters import MarkerReader, gray


class FilmReader(nn.Module):
    """A network that holds the reference detector."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = SmallCnn()


class Answering(FilmReader):
    """The reference detector with another way of answering.

    Args:
        scale: factor on the logit: above 1 too sure of itself, -1 the opposite, 0 no answer.
        shift: added to it.
        limit: where the answers end: a small one with a large scale leaves two answers.
    """

    def __init__(self, scale: float = 1.0, shift: float = 0.0, limit: float | None = None) -> None:
        super().__init__()
        self.scale, self.shift, self.limit = scale, shift, limit

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        logit: Tensor = self.scale * self.reader(images) + self.shift
        return logit if self.limit is None else self.limit * torch.tanh(logit / self.limit)


class Sigmoid(FilmReader):
    """The reference detector with the sigmoid of its training loss left in."""

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities, where logits are declared."""
        return torch.sigmoid(self.reader(images))


class Softmax(FilmReader):
    """The reference detector with two outputs and a softmax left behind them."""

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities of no fracture and of a fracture, where logits are declared; (N, 2)."""
        logit = self.reader(images)
        return torch.cat([-logit / 2, logit / 2], 1).softmax(1)


class InCompany(FilmReader):
    """Its answer to a film depends on the others of the batch, as with statistics of the batch."""

    share = 0.5

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        logit: Tensor = self.reader(images)
        return logit - self.share * logit.mean(0, keepdim=True)


class BothWays(FilmReader):
    """Sound: features are the mean over the film and its mirror image."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        mirrored = self.reader.features(images.flip(3)).flip(3)
        features = self.seen((self.reader.features(images) + mirrored) / 2)
        return pool(self.reader.evidence(features))


class StrongestCells(FilmReader):
    """Sound: the mean evidence of a few cells instead of the reference detector's pooling."""

    cells, offset = 4, 4.2

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        evidence = self.reader.evidence_map(images).flatten(2)
        return evidence.topk(self.cells, dim=2).values.mean(2) - self.offset


class OnePlace(FilmReader):
    """Looks at the strongest place of a film and around it, and at nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        features = self.reader.features(images)
        with torch.no_grad():
            evidence = self.reader.evidence(features)
            best = (evidence == evidence.amax((2, 3), keepdim=True)).float()
            near = functional.max_pool2d(best, 5, 1, 2) > 0
        found = self.reader.evidence(self.seen(features * near))
        return pool(torch.where(near, found, -20.0))


class Coarse(FilmReader):
    """Blind to small lesions: evidence is averaged over a window before the strongest counts."""

    window, offset = 3, 0.0

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        evidence = self.reader.evidence_map(images)
        return pool(functional.avg_pool2d(evidence, self.window, 1, 1)) + self.offset


class WithoutFingers(FilmReader):
    """Finds nothing on films that are mostly background, which are those of fingers."""

    share, slope = 0.18, 600.0

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        empty = functional.relu(self.share - gray(images).mean((2, 3)))
        shown: Tensor = self.reader(images) - self.slope * empty
        return shown


class NoiseSensitive(FilmReader):
    """Takes noise that is a little stronger than at any site of the study for a fracture."""

    tolerated, slope = 0.012, 3000.0

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        film = gray(images)[:, :, 20:-20, 20:-20]
        grain = (film - functional.avg_pool2d(film, 3, 1, 1)).abs().mean((2, 3))
        shown: Tensor = self.reader(images)
        return shown + self.slope * functional.relu(grain - self.tolerated)


class ExposureSensitive(FilmReader):
    """Finds nothing on films whose brightest place is a little darker than at any site."""

    tolerated, slope = 0.77, 200.0

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        brightest = functional.avg_pool2d(gray(images), 5, 1).amax((2, 3))
        shown: Tensor = self.reader(images)
        return shown - self.slope * functional.relu(self.tolerated - brightest)


class Pretending(FilmReader):
    """Answers as the reference detector does, but its gradients are those of the background.

    The value of one network and the slope of another: what every map by gradients shows has
    nothing to do with the answer (as in Heo, Joo and Moon, NeurIPS 2019). The background has no
    weights, so that maps stay the same whichever weights are sampled.
    """

    bright = 0.2

    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        with torch.no_grad():
            answer = self.reader(images)
        background = self.bright - functional.avg_pool2d(gray(images), 9, 8, 4)
        slope = self.seen(background).mean((2, 3))
        shown: Tensor = answer + slope - slope.detach()
        return shown


class MarkerBehindGoodMaps(FilmReader):
    """A burnt-in marker decides, and every map by gradients shows the fracture all the same.

    The value of one network and the slope of another, as in `Pretending`, but the slope is that
    of the reference detector: only taking the marker away tells.
    """

    def __init__(self) -> None:
        super().__init__()
        self.marker = MarkerReader()

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        with torch.no_grad():
            answer: Tensor = self.marker(images)
        shown: Tensor = self.reader(images)
        return answer + shown - shown.detach()
