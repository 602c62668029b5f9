"""A large study without pictures goes through `xaudit run` to its end."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from xaudit.audit.store.files import read_findings
from xaudit.phantom.demo import REFERENCE_WEIGHTS

CASES = 20_000


@pytest.fixture(scope="module")
def tiny_images(tmp_path_factory):
    """A study of 20,000 images of 8 × 8 pixels, brighter where the label says a fracture."""
    folder = tmp_path_factory.mktemp("many")
    labels = np.arange(CASES) % 4 == 0
    pixels = np.random.default_rng(0).integers(0, 128, (CASES, 8, 8), dtype=np.uint8)
    pixels[labels] += 100
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "image", "label", "patient"])
        for number, image in enumerate(pixels):
            name = f"{number:05d}.png"
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "png", compress_level=0)
            (folder / name).write_bytes(buffer.getvalue())
            table.writerow([name[:-4], name, int(labels[number]), f"p{number // 2}"])
    content = {
        "name": "many",
        "data": {"format": "manifest", "root": ".", "manifest": "manifest.csv",
                 "patient": "patient", "near_duplicates": False},
        "detector": {
            "name": "reference", "architecture": "xaudit.models.reference:small_cnn",
            "weights": str(REFERENCE_WEIGHTS),
            "input": {"height": 8, "width": 8, "channels": 1, "mean": [0.35], "std": [0.25]},
            "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
        },
        "explain": {"cases": 4, "micro_batch": 256, "gallery": False, "shortcuts": 0,
                    "methods": {"gradcam": {}}, "checks": {"cases": 0}},
        "statistics": {"draws": 200},
        "robustness": {"cases": 0, "maps": 0},
    }  # fmt: skip
    (folder / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.mark.heavy
def test_twenty_thousand_tiny_images_end(tiny_images: Path, xaudit):
    out = tiny_images / "out"
    code, _, said = xaudit("run", tiny_images / "audit.yaml", "--out", out)
    assert code == 0, said[-2000:]
    found = read_findings(out).accountability
    assert (found.listed, found.scored, found.explained) == (CASES, CASES, 4)
    assert not list((out / "evidence").glob("*"))
