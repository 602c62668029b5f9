"""Pages of the cases of a saved audit, from its shards alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xaudit.audit.gallery.gallery_choice import probability
from xaudit.audit.store.files import read_whole, write_text
from xaudit.audit.store.hashes import MAPS, refuse_changed
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, Store
from xaudit.core.record.finding import CROSS, Findings
from xaudit.data.annotations.masks import outlines_on_grid
from xaudit.errors import ConfigError
from xaudit.metrics.maps.localization import LOCALIZATION
from xaudit.report.cards.pages import (
    CaseIndex,
    CasePage,
    Cell,
    IndexRow,
    Panel,
    Picture,
    render_case,
    render_index,
)
from xaudit.report.facts.warnings import unverified_warnings
from xaudit.report.language.translation import later, told, tr, word
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.overlays import overlay_png, picture_png
from xaudit.report.view.png import png_uri

INDEX = "index.html"
_WITHOUT = later("No picture: only cases that were explained are kept as pictures.")
_NOT_KEPT = later("No picture: with “gallery: false” no radiograph is kept.")


def write_pages(folder: Path, out: Path, unverified: bool = False) -> Path:
    """Write the index and a page for each case.

    Args:
        folder: of a finished audit.
        out: a new or empty folder.
        unverified: show files too that are not those that the run wrote; every page says so.

    Returns:
        Where the index is.

    Raises:
        ConfigError: the audit is not finished or was changed, or the folder holds other files.
        AuditError: a shard is damaged, or the disk is full.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out}: is not empty; name a new folder for the pages")
    changed = unverified_warnings(refuse_changed(folder, MAPS, unverified))
    findings, record, store = read_whole(folder), read_record(folder), Store(folder)
    extra = Results.beyond(store, record)
    pages = _Pages(findings, Results.load(store, record), extra, changed)
    for name, text in pages.texts():
        write_text(out / name, text)
    write_text(out / INDEX, render_index(pages.index()))
    return out / INDEX


@dataclass(frozen=True, slots=True)
class _Pages:
    """The pages of one audit.

    Attributes:
        extra: maps of cases that the card shows and that were not sampled to be explained.
        warnings: what every page says besides.
    """

    findings: Findings
    results: Results
    extra: Results | None
    warnings: tuple[str, ...] = ()

    def texts(self) -> Iterator[tuple[str, str]]:
        """(file name, page), one for each case in the order of the plan."""
        rows = self.results.cases
        for before, row, after in zip((None, *rows), rows, (*rows[1:], None), strict=False):
            yield _file(row), render_case(self._page(before, row, after))

    def index(self) -> CaseIndex:
        """All cases, in the order of the plan."""
        columns = tuple(level for level in self.findings.study.levels if CROSS not in level)
        device, rows = self.findings.detector, self.results.cases
        points = (tr("At “{name}”", name=point.name) for point in device.operating_points)
        return CaseIndex(
            title=f"{device.name} {device.version}".strip(),
            lead=" ".join(
                (
                    tr(
                        "Audit “{name}”, {cases} cases.",
                        name=self.findings.audit.name,
                        cases=numbers.whole(len(rows)),
                    ),
                    *self.warnings,
                )
            ),
            columns=(tr("Case"), tr("Reference"), tr("Probability"), *points, *columns, tr("Maps")),
            rows=tuple(
                IndexRow(row.case_id, _file(row), tuple(self._cells(row, columns))) for row in rows
            ),
        )

    def _cells(self, row: CaseRow, columns: tuple[str, ...]) -> Iterator[Cell]:
        yield Cell(_label(row))
        yield Cell(_score(row), None if row.logit is None else probability(row.logit))
        for point in self.findings.detector.operating_points:
            yield Cell(_decision(row, point.edge))
        for column in columns:
            yield Cell(named(row.groups.get(column, "")))
        yield Cell(tr("yes") if self._source(row) else "")

    def _page(self, before: CaseRow | None, row: CaseRow, after: CaseRow | None) -> CasePage:
        source = self._source(row)
        kept = source is not None and source.pictured(row.case_id)
        return CasePage(
            case_id=row.case_id,
            facts=tuple(self._facts(row)),
            picture=self._picture(row, source) if source and kept else None,
            without=tr(_NOT_KEPT if source else _WITHOUT),
            index=INDEX,
            before=_file(before) if before else "",
            after=_file(after) if after else "",
        )

    def _facts(self, row: CaseRow) -> Iterator[tuple[str, str]]:
        yield from ((tr("Warning:"), warning) for warning in self.warnings)
        yield tr("Reference"), _label(row)
        yield tr("Probability"), _score(row) or f"{numbers.NONE} ({tr('no score')})"
        for point in self.findings.detector.operating_points:
            yield tr("At “{name}”", name=point.name), _decision(row, point.edge)
        yield from ((column, named(level)) for column, level in row.groups.items())
        yield from (
            (word(issue.kind.replace("_", " ")), told(issue.detail)) for issue in row.issues
        )

    def _source(self, row: CaseRow) -> Results | None:
        """Where the image of a case and its maps are; None where they were not kept."""
        if row.logit is None:
            return None
        if row.sampled:
            return self.results
        kept = self.extra is not None and row.case_id in self.extra.places
        return self.extra if kept else None

    def _picture(self, row: CaseRow, source: Results) -> Picture:
        image = source.array(row.case_id, "image")
        lesions = source.array(row.case_id, "lesions")
        height, width = image.shape[-2:]
        return Picture(
            radiograph=png_uri(picture_png(image / 255)),
            width=str(width),
            height=str(height),
            outlines=tuple(
                "".join(_ring(ring) for ring in outlines_on_grid(lesion)) for lesion in lesions
            ),
            panels=(Panel(tr("radiograph")), *self._panels(row, source)),
        )

    def _panels(self, row: CaseRow, source: Results) -> Iterator[Panel]:
        made = {
            map_.method for map_ in source.maps if map_.case_id == row.case_id and not map_.error
        }
        for method in (one.name for one in self.findings.methods if not one.reference):
            if method in made:
                overlay = png_uri(overlay_png(source.array(row.case_id, method)))
                yield Panel(method, overlay, tuple(_lines(source, row, method)))


def _lines(source: Results, row: CaseRow, method: str) -> Iterator[str]:
    for metric in LOCALIZATION:
        score = source.by_score.get((method, metric), {}).get(row.case_id)
        if score is not None:
            shown = (
                told(score.undefined or "") if score.value is None else numbers.plain(score.value)
            )
            yield f"{metric.replace('_', ' ')}: {shown}"


def _ring(ring: tuple[tuple[float, float], ...]) -> str:
    points = " L".join(f"{x:.4f},{y:.4f}" for x, y in ring)
    return f"M{points}Z" if ring else ""


def _file(row: CaseRow) -> str:
    """A name that no case id can break out of."""
    return f"{hashlib.sha256(row.case_id.encode()).hexdigest()[:16]}.html"


def _label(row: CaseRow) -> str:
    return tr("fracture") if row.label else tr("no fracture")


def _score(row: CaseRow) -> str:
    return "" if row.logit is None else numbers.plain(probability(row.logit))


def _decision(row: CaseRow, threshold: float) -> str:
    if row.logit is None:
        return tr("no score")
    called = row.logit > threshold
    if called == row.label:
        return tr("right")
    return tr("false alarm") if called else tr("missed")
