"""Images from which a map's most or least important pixels were taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from xaudit.core.case import BoolArray, FloatArray
from xaudit.explain.perturbation.imputation import imputed

Order = Literal["most_first", "least_first"]
IMPUTED = "road"
NOISE = 0.01
"""Standard deviation of the noise on imputed pixels, as in Rong et al. 2022."""


def importance_order(values: FloatArray, inside: BoolArray, seed: int) -> npt.NDArray[np.int64]:
    """The place of every pixel when the most important comes first.

    Equal pixels, such as those of one superpixel, come in random order.

    Args:
        values: (H, W), raw and signed.
        inside: (H, W), False on padding.
        seed: of the random order.

    Returns:
        (H, W), from 0; -1 on padding.
    """
    chosen = values[inside]
    luck = np.random.default_rng(seed).random(len(chosen))
    places = np.empty(len(chosen), dtype=np.int64)
    places[np.lexsort((luck, -chosen))] = np.arange(len(chosen))
    order = np.full(values.shape, -1, dtype=np.int64)
    order[inside] = places
    return order


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """The image without a share of its pixels.

    Attributes:
        image: (C, H, W).
        filling: (C, H, W), what is seen in their place; None to impute it from what is left
            (ROAD, Rong et al. 2022: no hole betrays its shape).
        order: (H, W), see `importance_order`.
        shares: (N,) taken away.
        first: which pixels go first.
        seed: of the noise on imputed pixels.
        views: that lie one under another; none is imputed from another.
    """

    image: FloatArray
    filling: FloatArray | None
    order: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
    first: Order
    seed: int = 0
    views: int = 1

    def __len__(self) -> int:
        return len(self.shares)

    def build(self, rows: slice) -> torch.Tensor:
        """See `Inputs`."""
        places = torch.from_numpy(self.order)
        total = int((self.order >= 0).sum())
        counts = torch.from_numpy(np.rint(self.shares[rows] * total).astype(np.int64))
        counts = counts[:, None, None]
        gone = places < counts if self.first == "most_first" else places >= total - counts
        gone &= places >= 0
        image = torch.from_numpy(self.image)
        if self.filling is not None:
            return torch.where(gone[:, None], torch.from_numpy(self.filling), image)
        noise = [
            np.random.default_rng((self.seed, row)).standard_normal(self.image.shape, np.float32)
            for row in range(len(self))[rows]
        ]
        filled = imputed(image, gone, places >= 0, self.views)
        filled += NOISE * torch.from_numpy(np.stack(noise))
        return torch.where(gone[:, None], filled, image)
