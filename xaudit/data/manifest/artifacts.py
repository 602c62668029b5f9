"""The list beside a manifest of things that should not decide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xaudit.core.case import Region
from xaudit.data.annotations.mask_files import MaskFile
from xaudit.data.manifest.paths import inside_root
from xaudit.data.spec import DataSpec
from xaudit.data.tables.missing import Missing
from xaudit.data.tables.table import Row, capped, read_table
from xaudit.errors import DataError

ARTIFACTS = "artifacts.csv"
_COLUMNS = ("id", "name", "mask")


def read_artifacts(spec: DataSpec, path: Path) -> dict[str, dict[str, Region]]:
    """Case → name → outline; nothing without such a list.

    Whether the masks can be rasterized is asked of the study, see `artifact_issues`.

    Raises:
        DataError: a column, a name or a path is wrong; every mistake with its line.
    """
    if not path.is_file():
        return {}
    # Columns of the manifest that have texts of their own are not those of this list.
    rule = spec.missing
    table = read_table(path, Missing.declared(None if isinstance(rule, Mapping) else rule))
    problems = [
        f"{path.name}: no column {name!r}" for name in _COLUMNS if name not in table.columns
    ]
    found: dict[str, dict[str, Region]] = {}
    for row in () if problems else table.rows:
        try:
            name, mask = _artifact(spec, row)
        except ValueError as error:
            problems.append(f"{path.name} {row.where}: {error}")
            continue
        own = found.setdefault(row.text("id"), {})
        if name in own:
            problems.append(f"{path.name} {row.where}: name: the case has a {name!r} already")
        own[name] = mask
    if problems:
        raise DataError(capped(problems))
    return found


def _artifact(spec: DataSpec, row: Row) -> tuple[str, MaskFile]:
    try:
        mask = MaskFile(inside_root(spec.root, row.text("mask")))
    except ValueError as error:
        raise ValueError(f"mask: {error}") from error
    if not (name := row.text("name")):
        raise ValueError(f"name: expected a name, got {row.said('name')}")
    return name, mask
