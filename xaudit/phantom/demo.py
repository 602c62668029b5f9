"""The demo study and the reference detector's declaration: what ``xaudit demo`` audits."""

from __future__ import annotations

from pathlib import Path

from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.phantom.study import PhantomStudy, phantom_study
from xaudit.phantom.write import write_study

DEMO_SEED = 2030
DEMO_PATIENTS = 120
DEMO_PREVALENCE = 0.45

REFERENCE_ARCHITECTURE = "xaudit.models.reference:small_cnn"
REFERENCE_WEIGHTS = Path(__file__).parent / "reference_detector.safetensors"
REFERENCE_BOXES = Path(__file__).parent / "reference_boxes.safetensors"
"""The same network with sides of boxes, fitted by ``examples/train_reference_boxes.py``."""
REFERENCE_TARGET_LAYER = "features.18"
"""The last feature map: 28 × 20 cells of 8 × 8 pixels."""

REFERENCE_INPUT = InputSpec(
    height=224, width=160, color="gray", channels=1, mean=(0.35,), std=(0.25,)
)
"""What the reference detector expects to see."""

REFERENCE_OPERATING_POINT = OperatingPoint(
    name="tuned",
    logit=0.09,
    origin="fixed",
    note=(
        "85 % sensitivity on a tuning study of 250 other phantom patients (seed 7002);"
        " the demo study had no part in it"
    ),
)
"""Fixed on a study of its own by ``examples/train_reference_detector.py``."""


def demo_study() -> PhantomStudy:
    """The study of ``xaudit demo``; its seed is none of those that the detector was made with."""
    return phantom_study(DEMO_SEED, DEMO_PATIENTS, DEMO_PREVALENCE)


def write_demo(folder: Path) -> Path:
    """Draw the demo study into a new or empty folder; returns the path of its manifest.

    Raises:
        DataError: the folder holds something already, or cannot be written.
    """
    return write_study(demo_study(), folder)
