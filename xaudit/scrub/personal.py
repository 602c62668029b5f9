"""Personal content of an audit: a line for each kind, with how much of it there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xaudit.audit.store.files import read_json
from xaudit.audit.store.hashes import HASHES
from xaudit.audit.store.results import Results
from xaudit.core.record.finding import CROSS, Findings
from xaudit.provenance.signature import Signature, place_of
from xaudit.scrub.findings import Scrubber
from xaudit.scrub.levels import dates_in

_OF_AN_AUDIT = {
    "plan.json", "findings.json", "verdict.json", "card.html", "card.md", "ledger.json",
    "interim.json", "looks.json", "suspicions.json", "batches.json", "service.json", ".lock",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Personal:
    """One kind of thing.

    Attributes:
        kind: what; `xaudit.report.facts.scrubbed.KINDS` tells it to a reader.
        law: letters of 45 CFR 164.514(b)(2)(i), HIPAA's Safe Harbor method, that it may fall under.
        count: how many there are.
        done: what a copy does with it.
    """

    kind: str
    law: str
    count: int
    done: str


def personal(
    folder: Path, findings: Findings, results: Results, scrubber: Scrubber
) -> tuple[Personal, ...]:
    """Everything that a copy leaves out or replaces; kinds of which there is nothing are left out.

    Args:
        folder: of the audit.
        findings: of the audit.
        results: its rows.
        scrubber: that has been through the findings and the policy.
    """
    listed = (*_of_cases(folder, results), *_of_groups(findings, scrubber), *_of_files(folder))
    return tuple(one for one in listed if one.count)


def _of_cases(folder: Path, results: Results) -> Iterator[Personal]:
    rows, out = results.cases, "left out"
    arrays = list(_arrays(folder))
    films = sum(name.endswith("-image") for name in arrays)
    shown = [path for path in (folder / "evidence").rglob("*") if path.is_file()]
    of_films = sum("-" not in path.stem for path in shown)
    tables = sum(1 for _ in folder.rglob("*.parquet"))
    hashes = sum(row.image_sha256 is not None for row in rows)
    yield Personal("case_ids", "A, C, H, R", len(rows), "left out; issues are numbered")
    yield Personal("patient_codes", "R", len({row.patient for row in rows}), out)
    yield Personal("image_hashes", "R", hashes, out)
    yield Personal("tables", "C, R", tables, out)
    yield Personal("radiographs", "Q, R", films + of_films, out)
    yield Personal("maps", "R",
                   len(arrays) - films + len(shown) - of_films, out)  # fmt: skip


def _of_groups(findings: Findings, scrubber: Scrubber) -> Iterator[Personal]:
    shown, written = scrubber.shown, scrubber.texts
    dated = sum(dates_in(level) > 0 for _, level in shown.told)
    places = sum(not _crossed(column) for column, _ in shown.renamed)
    small = len(set(shown.withheld) - shown.told)
    done = "kept, without dates and ids" if written.keep_written else "replaced"
    yield Personal("places", "B", places, "numbered")
    yield Personal("dates", "C", dated + dates_in(findings.study.dates), "left out; years stay")
    yield Personal("oldest", "C, F, N, O",
                   len(shown.told) - dated, "put together with small groups")  # fmt: skip
    yield Personal("written", "A to R", len(written.seen), done)
    yield Personal("details", "A to R", len(findings.accountability.issues), "replaced")
    yield Personal("small_groups", "",
                   small, "put together, without numbers")  # fmt: skip


def _of_files(folder: Path) -> Iterator[Personal]:
    signed = place_of(folder)
    names = len(read_json(signed, tuple[Signature, ...])) if signed.exists() else 0
    known = {*_OF_AN_AUDIT, HASHES, signed.name}
    others = sum(
        path.is_file() and path.relative_to(folder).parts[0] not in {*known, "shards", "evidence"}
        for path in folder.rglob("*")
        if path.suffix != ".parquet"
    )
    yield Personal("signatures", "A", names, "left out: they are of other files")
    yield Personal("other_files", "A to R", others, "left out")


def _arrays(folder: Path) -> Iterator[str]:
    for path in (folder / "shards").rglob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            yield from arrays.files


def _crossed(column: str) -> bool:
    return CROSS in column
