"""Tables that probes leave behind, in the folder of the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xaudit.audit.store.store import ProbeRow, read_table

ROBUSTNESS, DEGRADED_MAPS, CHECKS = "robustness", "degraded_maps", "checks"
SHORTCUTS, RESCORED, READINGS = "shortcuts", "rescored", "readings"
EXAMINATIONS, BOXES, MASKS = "examinations", "boxes", "masks"
EVERYWHERE = (ROBUSTNESS, DEGRADED_MAPS, CHECKS, SHORTCUTS, RESCORED)
"""Names of probes that every audit of a network has a use for."""
OURS = (*EVERYWHERE, READINGS, EXAMINATIONS, BOXES, MASKS)
"""Names of the probes of xaudit, which are those of their tables."""
_ADDED = "probe-"

Probed = Mapping[str, Sequence[ProbeRow]]
"""Name of a probe → its rows."""


def table_of(folder: Path, name: str) -> Path:
    """Where the rows of a probe are; those of packages cannot take the name of another file."""
    return folder / f"{name if name in OURS else _ADDED + name}.parquet"


def read_probed(folder: Path) -> Probed:
    """The rows of every probe of a saved audit; no entry for one that wrote no table.

    Raises:
        AuditError: a table is damaged.
    """
    added = [path.stem.removeprefix(_ADDED) for path in folder.glob(f"{_ADDED}*.parquet")]
    paths = {name: table_of(folder, name) for name in (*OURS, *sorted(added))}
    return {name: read_table(path, ProbeRow) for name, path in paths.items() if path.is_file()}
