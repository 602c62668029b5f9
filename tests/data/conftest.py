"""The FracAtlas folder, where there is one."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fracatlas_root() -> Path:
    default = Path(__file__).parents[2] / ".." / "shared" / "data" / "fracatlas"
    root = Path(os.environ.get("XAUDIT_FRACATLAS", default))
    if not (root / "dataset.csv").is_file():
        pytest.skip(f"needs FracAtlas: set XAUDIT_FRACATLAS, {root} holds none")
    return root.resolve()


@pytest.fixture(scope="session")
def grazpedwri_images() -> list[Path]:
    folder = Path(__file__).parents[2] / ".." / "shared" / "data" / "grazpedwri" / "images"
    found = sorted(folder.glob("*.png"))
    if not found:
        pytest.skip(f"needs the 16-bit images of GRAZPEDWRI-DX in {folder}")
    return found
