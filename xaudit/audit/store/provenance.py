"""Provenance: what the numbers depend on, besides the plan."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping

PLUG_INS = (
    "xaudit.analyses", "xaudit.explainers", "xaudit.exports", "xaudit.formats",
    "xaudit.languages", "xaudit.metrics", "xaudit.models", "xaudit.probes", "xaudit.sections",
)  # fmt: skip
"""Groups of entry points; what installed packages announce there is imported."""
PACKAGES = (
    "xaudit", "numpy", "scipy", "torch", "torchvision", "timm", "grad-cam", "captum", "shap",
    "lime", "pillow", "scikit-image", "matplotlib", "pyarrow",
)  # fmt: skip

SERVICE = "service states"
"""What a detector that runs elsewhere states of itself; no entry where it states nothing."""
LEFT_OUT = "methods left out"
"""What the detector lacks for which methods; no entry where it serves all."""
MODEL_BY = "model computed by"
"""What computes a model of another format; no entry for a network of torch."""
MODEL_LIMITS = "limits of the model"
"""What such a model does not offer and why, joined by `BETWEEN`; no entry without limits."""
SANDBOX = "sandbox"
"""The walls that code of strangers ran in, or that there were none; no entry for known code."""
BETWEEN = " | "
"""Stands between sentences that are taken apart again, see `xaudit.core.message.apart`."""


def provenance(files: dict[str, str], computed: Mapping[str, str]) -> dict[str, str]:
    """Packages, interpreter, machine kind and hashes; nothing that names a person or a host.

    Args:
        files: what was read → its SHA-256.
        computed: where and how the detector computed; empty where no detector was run.
    """
    facts = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        **computed,
    }
    for package in PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = "not installed"
    plug_ins = sorted(_plug_ins())
    if plug_ins:
        facts["plug-ins"] = "; ".join(plug_ins)
    return facts | {f"{name} SHA-256": digest for name, digest in files.items()}


def _plug_ins() -> Iterator[str]:
    """Code of other packages that runs in every audit on this machine."""
    for group in PLUG_INS:
        for entry_point in importlib.metadata.entry_points(group=group):
            package = (
                f" ({entry_point.dist.name} {entry_point.dist.version})" if entry_point.dist else ""
            )
            yield f"{entry_point.value}{package}"
