"""Writer of the DICOM objects of an audit: a folder, one object a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xaudit.audit.store.disk import new_folder
from xaudit.audit.store.files import read_whole
from xaudit.audit.store.hashes import MAPS, refuse_changed
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.dicom_export.card_document import card_document
from xaudit.dicom_export.identity import with_patient, without_patient
from xaudit.dicom_export.library import highdicom, uid_of
from xaudit.dicom_export.presentation import outlines_of
from xaudit.dicom_export.report import report_of
from xaudit.dicom_export.segmentations import lesions_of, maps_of
from xaudit.dicom_export.sources import Source, sources_of
from xaudit.errors import ConfigError, DataError, XauditError
from xaudit.pipeline.card import write_cards
from xaudit.report.exports.paper import Paper
from xaudit.report.exports.pdf import print_pdf
from xaudit.verify.recompute import AuditOnDisk

if TYPE_CHECKING:
    from pydicom import Dataset


_MADE = ("Content", "InstanceCreation", "PresentationCreation", "Series")
_DATES, _TIMES = ({f"{one}{part}" for one in _MADE} for part in ("Date", "Time"))


@dataclass(frozen=True, slots=True)
class DicomExport:
    """What is exported of an audit.

    Attributes:
        audit: on disk.
        data: folder of the study, whose objects are referred to.
        identified: objects keep the patient of their radiograph, as an archive needs it.
        card: the printed card; None leaves it out.
    """

    audit: AuditOnDisk
    data: Path
    identified: bool = False
    card: bytes | None = None

    @classmethod
    def of(cls, audit: Path, data: Path, *, identified: bool, paper: Paper) -> DicomExport:
        """Of a finished audit, with its card as a PDF.

        Raises:
            ConfigError: it is not finished, or a file is not what the run wrote.
            AuditError: a shard is damaged.
            InstallError: there is no browser to print the card.
        """
        # Objects in an archive cannot say that something was changed: there is no --unverified.
        refuse_changed(audit, MAPS)
        record, findings = read_record(audit), read_whole(audit)
        on_disk = AuditOnDisk(audit, record, findings, Results.load(Store(audit), record))
        with tempfile.TemporaryDirectory() as folder:
            card = print_pdf(write_cards(audit, Path(folder) / "card.html", whole=True), paper)
        return cls(on_disk, data, identified, card)

    def write(self, folder: Path) -> Path:
        """Write all objects into a new folder; nothing is there until all of them are.

        Raises:
            ConfigError: the folder exists, or the study holds no DICOM objects.
            DataError: an image is missing, or is not the one that was audited.
            InstallError: highdicom is not installed.
        """
        if folder.exists():
            raise ConfigError(f"{folder}: exists; choose another --out, it is not written over")
        with highdicom(), new_folder(folder) as draft:
            for name, ds in self._objects():
                self._settled(ds)
                ds.save_as(draft / f"{name}.dcm", enforce_file_format=True)
        return folder

    def _objects(self) -> Iterator[tuple[str, Dataset]]:
        for source in sources_of(self.audit, self.data):
            for what, ds in self._made(source):
                yield f"{source.row.case_id}-{what}", ds
        if self.card is not None:
            yield "card", card_document(self.audit.stated, self.card)

    def _made(self, source: Source) -> list[tuple[str, Dataset]]:
        """The objects of a case; what highdicom cannot write is named by the case alone."""
        try:
            return [(what, ds) for what, ds in self._of_case(source) if ds is not None]
        except XauditError:
            raise
        # What it says of an object may hold a value of the patient.
        except Exception as error:
            raise DataError(
                f"{source.row.case_id}: nothing that refers to its object can be written "
                f"({type(error).__name__}); it lacks an attribute, or holds one of another kind"
            ) from error

    def _of_case(self, source: Source) -> Iterator[tuple[str, Dataset | None]]:
        case_id, identity = source.row.case_id, self.audit.record.identity
        told = source.image
        image = with_patient(told) if self.identified else without_patient(told, case_id)
        yield "lesions", lesions_of(source, image, identity)
        yield "maps", maps_of(source, image, identity)
        yield "report", report_of(source, image, self.audit)
        yield "outlines", outlines_of(source, image, identity)

    def _settled(self, ds: Dataset) -> None:
        """The same audit gives the same objects: dates are those of its plan, no UID is random."""
        day, _, time = self.audit.record.created.rstrip("Z").partition("T")
        date, clock = day.replace("-", ""), time.replace(":", "")
        for element in ds.iterall():
            if element.keyword in _DATES:
                element.value = date
            elif element.keyword in _TIMES:
                element.value = clock
            elif element.keyword == "ContributionDateTime":
                element.value = date + clock
            elif element.keyword == "DimensionOrganizationUID":
                element.value = uid_of(str(ds.SOPInstanceUID), "dimensions")
