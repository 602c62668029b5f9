"""Where FracAtlas and its two detectors are, if they are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDY = Path(os.environ.get("XAUDIT_FRACATLAS", ROOT / "../shared/data/fracatlas"))
DETECTORS = Path(os.environ.get("XAUDIT_DETECTORS", ROOT / "../shared/data/detectors"))
WEIGHTS = {name: DETECTORS / f"fracatlas_mobilenet_v2_{name}.safetensors"
           for name in ("localizing", "plain")}  # fmt: skip
THERE = STUDY.is_dir() and all(one.is_file() for one in WEIGHTS.values())
NEEDS_FRACATLAS = [
    pytest.mark.heavy,
    pytest.mark.fracatlas,
    pytest.mark.skipif(
        not THERE,
        reason="FracAtlas or its detectors are not here (XAUDIT_FRACATLAS, XAUDIT_DETECTORS)",
    ),
]
