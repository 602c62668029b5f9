"""What the numbers depend on, besides the plan."""

from __future__ import annotations

import importlib.metadata
import platform

from xaudit.explain.evaluator import Evaluator
from xaudit.models.device import describe_device

PACKAGES = (
    "xaudit", "numpy", "scipy", "torch", "torchvision", "timm", "grad-cam", "captum", "shap",
    "lime", "pillow", "scikit-image", "matplotlib", "pyarrow",
)  # fmt: skip


def provenance(files: dict[str, str], evaluator: Evaluator) -> dict[str, str]:
    """Packages, interpreter, machine kind and hashes; nothing that names a person or a host.

    Args:
        files: what was read → its SHA-256.
        evaluator: that passed the images; its batches and number format shape last digits.
    """
    batches = ", ".join(f"{size} {way}" for way, size in evaluator.sizes.items())
    facts = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "computed on": describe_device(evaluator.device),
        "images at once": batches,
        "number format": evaluator.rough.described,
    }
    for package in PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = "not installed"
    return facts | {f"{name} SHA-256": digest for name, digest in files.items()}
