"""Attributes of radiographs as groups, by the rules of a manifest's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xaudit.core.case import NOT_RECORDED, CaseIssue
from xaudit.data.dicom.headers.age import BORDERS
from xaudit.data.dicom.headers.attributes import COLUMNS, SITE_TAGS
from xaudit.data.dicom.headers.film import Film
from xaudit.data.dicom.headers.identity import site_name
from xaudit.data.dicom.options import DicomOptions
from xaudit.data.grouping import check_grouping, group_columns
from xaudit.data.spec import DataSpec
from xaudit.data.tables.levels import bin_name, merged
from xaudit.data.tables.table import ListTable, Row
from xaudit.errors import DataError


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of the radiographs of a study.

    Attributes:
        site: column that stands for the site; None where no place is named.
        levels: SOP Instance UID → column → level.
        sites: SOP Instance UID → site; empty text where none is recorded.
        issues: columns that cannot be tables.
    """

    site: str | None
    levels: Mapping[str, Mapping[str, str]]
    sites: Mapping[str, str]
    issues: tuple[CaseIssue, ...]

    def site_of(self, uid: str) -> str | None:
        """The site of an image; None where none is recorded."""
        return self.sites[uid] or None


def grouping_of(spec: DataSpec, options: DicomOptions, films: Mapping[str, Film]) -> Grouping:
    """Age in bins, and every other column that is recorded and has few levels.

    Args:
        spec: with bins and merged levels.
        options: of the study.
        films: SOP Instance UID → radiograph.

    Raises:
        DataError: bins or merged levels do not fit.
    """
    site = _site_column(spec, films)
    columns = (*COLUMNS, *([site] if site else []))
    rows = {uid: Row("an image", _values(film, options, site)) for uid, film in films.items()}
    table = ListTable(columns, tuple(rows.values()))
    spec = replace(spec, bins={"age": BORDERS, **spec.bins})
    check_grouping(spec, "the objects", table, columns)
    used, many = group_columns(spec, table, columns)
    if wanted := [str(detail) for name, detail in many.items() if name in spec.groups]:
        raise DataError([f"data.groups: {one}" for one in wanted])
    used = tuple(name for name in used if any(row.text(name) for row in rows.values()))
    return Grouping(
        site,
        {uid: {name: _level(spec, row, name) for name in used} for uid, row in rows.items()},
        {uid: merged(row.text(site), spec.merge.get(site, {})) if site else ""
         for uid, row in rows.items()},
        tuple(CaseIssue("(study)", "column_not_grouped", one, "noted") for one in many.values()),
    )  # fmt: skip


def _site_column(spec: DataSpec, films: Mapping[str, Film]) -> str | None:
    """The declared column, or the first one that names a place in any image."""
    named = [column for column in SITE_TAGS if any(film.places[column] for film in films.values())]
    return spec.site or next(iter(named), None)


def _values(film: Film, options: DicomOptions, site: str | None) -> dict[str, str]:
    place = film.places[site] if site else ""
    told = place if options.show_sites or not place else site_name(place)
    return {**film.groups, **({site: told} if site else {})}


def _level(spec: DataSpec, row: Row, name: str) -> str:
    text, borders = row.text(name), spec.bins.get(name)
    level = merged(text, spec.merge.get(name, {})) if borders is None else bin_name(text, borders)
    return level or NOT_RECORDED
