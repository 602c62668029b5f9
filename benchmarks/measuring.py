"""What benchmarks share: who measured, times in turn, and errors that have a value."""

from __future__ import annotations

import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch

TURNS = 5


def machine():
    """Processor, kernels and threads, as one line."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    eights = [one for one in ("avx512_vnni", "avx512_bf16", "amx_tile") if one in flags]
    return ", ".join([
        names[0] if names else platform.processor() or platform.machine(),
        f"torch {torch.__version__} with kernels for {torch.backends.cpu.get_cpu_capability()}",
        "oneDNN" if torch.backends.mkldnn.is_available() else "no oneDNN",
        *eights,
        f"{torch.get_num_threads()} threads",
    ])  # fmt: skip


def interleaved(sides, turns=TURNS):
    """Median seconds of each side; all take their turns one after the other.

    Args:
        sides: name → what is called.
        turns: of each; at least five, so that one disturbed turn does not count.
    """
    if turns < TURNS:
        raise ValueError(f"a median needs at least {TURNS} turns, got {turns}")
    times = {name: [] for name in sides}
    for _ in range(turns):
        for name, call in sides.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def without_value(truth):
    """Why nothing can be measured against this reference; None where something can."""
    if not np.isfinite(truth).all():
        return "is not finite"
    return None if np.linalg.norm(truth) > 0 else "is zero everywhere"


def error(values, truth):
    """Length of the difference, relative to that of the reference.

    Raises:
        ValueError: the reference has no value.
    """
    if reason := without_value(truth):
        raise ValueError(f"the reference {reason}: no error can be relative to it")
    return float(np.linalg.norm(values - truth) / np.linalg.norm(truth))


def usable(truths):
    """Films against whose references everything can be measured.

    Args:
        truths: method → references, film by film.

    Returns:
        Numbers of the films, and sentences about the others.
    """
    refused = {}
    for method, found in truths.items():
        for film, truth in enumerate(found):
            if reason := without_value(truth):
                refused.setdefault(film, []).append(f"{method} {reason}")
    films = range(max(map(len, truths.values()), default=0))
    said = [f"film {film} is left out, its reference of {' and '.join(reasons)}"
            for film, reasons in sorted(refused.items())]  # fmt: skip
    return [film for film in films if film not in refused], said


def cheapest(points, bound):
    """The first of the points (budget, error, …) whose error is at most so large.

    Args:
        points: in the order of their budgets.
        bound: None where there is no error to reach.

    Returns:
        The point; None where none reaches the bound, or where the bound is no number.
    """
    if bound is None:
        return points[0]
    return next((one for one in points if one[1] <= bound), None)
