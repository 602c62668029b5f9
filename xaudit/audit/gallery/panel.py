"""One explained case of a saved audit as a picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from xaudit.audit.store.files import read_whole, write_bytes
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.errors import ConfigError
from xaudit.metrics.maps.localization import LOCALIZATION
from xaudit.report.view.panel import panel_png

_SHOWN = 8


def write_panel(folder: Path, case_id: str, out: Path | None = None) -> Path:
    """Draw a case with its lesions, every map and its scores.

    Args:
        folder: of a finished audit.
        case_id: of an explained case.
        out: the PNG; named after the case by default.

    Returns:
        Where the PNG is.

    Raises:
        ConfigError: the case is not in the audit, or has no maps.
    """
    read_whole(folder)
    results = Results.load(Store(folder), read_record(folder))
    row = results.by_id.get(case_id)
    methods = [
        map_.method for map_ in results.maps if map_.case_id == case_id and map_.error is None
    ]
    if row is None or not methods:
        raise ConfigError(_why_not(results, case_id))
    if not results.pictured(case_id):
        raise ConfigError(
            f"{folder}: keeps no radiograph, as its audit file says explain.gallery: false; run it "
            "with gallery: true into another folder to see its maps on them"
        )
    scores: dict[str, dict[str, float | str]] = {}
    for method in methods:
        for metric in LOCALIZATION:
            score = results.by_score.get((method, metric), {}).get(case_id)
            if score is not None:
                known = score.undefined or "" if score.value is None else score.value
                scores.setdefault(method, {})[metric] = known
    picture = panel_png(
        results.array(case_id, "image").astype(np.float32) / np.float32(255),
        results.array(case_id, "lesions"),
        {method: results.array(case_id, method) for method in methods},
        scores,
        f"{case_id}: {'fracture' if row.label else 'no fracture'}, logit {row.logit:.2f}",
    )
    path = out or Path(re.sub(r"[^\w.-]", "_", case_id) + ".png")
    write_bytes(path, picture)
    return path


def _why_not(results: Results, case_id: str) -> str:
    explained = sorted({map_.case_id for map_ in results.maps if map_.error is None})
    listed = ", ".join(explained[:_SHOWN]) + (", ..." if len(explained) > _SHOWN else "")
    row = results.by_id.get(case_id)
    if row is None:
        return f"no case {case_id!r} in this audit; explained cases are: {listed or 'none'}"
    reason = row.issues[0].detail if row.issues else "it was not sampled to be explained"
    return f"case {case_id!r} has no maps: {reason}; explained cases are: {listed or 'none'}"
