"""Write the small study of several views and train the network that goes with it.

    python examples/small_views.py examples/small-views

Rendered films of a bone, two or three of each examination; a fracture is seen in one of them
alone. Deterministic on one machine and one release of PyTorch; half a minute on one core.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from xaudit.models.reference import ViewsLstm, views_lstm

HEIGHT, WIDTH = 64, 48
VIEWS = ("ap", "lateral", "oblique")
EXAMINATIONS, PATIENTS = 24, 20


def film(rng: np.random.Generator, *, fractured: bool) -> tuple[np.ndarray, np.ndarray]:
    """Gray levels and the mask of the fracture; (H, W) each."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    middle = rng.uniform(18, 30) + rng.uniform(-0.08, 0.08) * (rows - HEIGHT / 2)
    half = rng.uniform(6, 9)
    bone = np.abs(columns - middle) < half
    image = np.where(bone, 0.6, 0.15) + 0.08 * np.cos((columns - middle) / half) * bone
    at = rng.uniform(14, 50) + rng.uniform(-0.5, 0.5) * (columns - middle)
    line = bone & (np.abs(rows - at) < 1.6) & fractured
    image = np.where(line, 0.2, image) + 0.01 * rng.standard_normal((HEIGHT, WIDTH))
    # Few gray levels: the files stay small.
    return (np.clip(image, 0, 1) * 31).round().astype(np.uint8) * 8, line


def examination(
    rng: np.random.Generator, *, fractured: bool, missing: int | None
) -> list[tuple[np.ndarray, np.ndarray] | None]:
    """A film and a mask for each view, None where it was not taken; one shows the fracture."""
    there = [at for at in range(len(VIEWS)) if at != missing]
    seen = rng.choice(there)
    return [
        film(rng, fractured=fractured and at == seen) if at in there else None
        for at in range(len(VIEWS))
    ]


def batch(rng: np.random.Generator, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Examinations as the network sees them, and labels; (N, V, 1, H, W) and (N,)."""
    labels = rng.random(count) < 0.5
    planes = np.zeros((count, len(VIEWS), 1, HEIGHT, WIDTH), dtype=np.float32)
    for row, label in enumerate(labels):
        missing = int(rng.integers(3)) if rng.random() < 0.3 else None
        for view, one in enumerate(examination(rng, fractured=bool(label), missing=missing)):
            if one is not None:
                planes[row, view, 0] = one[0] / np.float32(255)
    return (torch.from_numpy(planes) - 0.35) / 0.25, torch.from_numpy(labels).float()


def train(steps: int = 200) -> ViewsLstm:
    """The network, trained on examinations that nobody else sees."""
    torch.manual_seed(0)
    rng = np.random.default_rng(11)
    network = views_lstm()
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=steps)
    for step in range(steps):
        images, labels = batch(rng, 32)
        # Smoothed labels: a network that is not sure of everything has gradients everywhere.
        target = 0.1 + 0.8 * labels
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(images)[:, 0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(step, loss.item())
    return network.eval()


def write_study(folder: Path) -> None:
    """Films, masks and the manifest."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "masks").mkdir(exist_ok=True)
    rng = np.random.default_rng(5)
    rows = []
    for number in range(EXAMINATIONS):
        fractured, missing = number % 2 == 0, number % 3 if number % 4 > 1 else None
        films = examination(rng, fractured=fractured, missing=missing)
        for view, one in zip(VIEWS, films, strict=True):
            if one is None:
                continue
            name, mask = f"e{number:02d}_{view}", ""
            Image.fromarray(one[0]).save(folder / "images" / f"{name}.png", optimize=True)
            if one[1].any():
                mask = f"masks/{name}.png"
                Image.fromarray(one[1]).convert("L").save(folder / mask, optimize=True)
            rows.append({
                "id": name, "image": f"images/{name}.png", "label": int(one[1].any()),
                "patient": f"p{number % PATIENTS:02d}", "examination": f"x{number:02d}",
                "view": view, "sex": "fm"[number // 2 % 2], "mask": mask,
            })  # fmt: skip
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    write_study(place)
    save_file(train().state_dict(), place / "views_lstm.safetensors")
