"""Objects of an archive: found by what a table names, and retrieved when they are asked for."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xaudit.data.dicom.kept import Tags
from xaudit.data.dicom.library import quiet
from xaudit.data.dicom.listing import Listing, add_object
from xaudit.data.dicom.options import DicomOptions
from xaudit.data.dicom.web.session import client_of
from xaudit.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

CACHE = 256_000_000
"""Bytes of objects that are kept in memory: those that are asked for twice in a row."""
_HEADER = 100_000
"""Bytes of an object besides its pixels, about."""
_DRAWING = ("SEG", "RTSTRUCT", "SR", "PR")
_UIDS = ("0020000D", "0020000E", "00080018")
_MODALITY = "00080060"
_FOUND: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class InArchive:
    """An object behind an address.

    Attributes:
        url: of the archive.
        headers_from: which variables hold headers.
        study: Study Instance UID.
        series: Series Instance UID.
        uid: SOP Instance UID.
    """

    url: str
    headers_from: str
    study: str
    series: str
    uid: str

    def exists(self) -> bool:
        """The archive named it; whether it still has it shows when it is asked."""
        return True

    def whole(self, tags: Tags | None, where: str, most: int | None = None) -> Dataset:
        """See `Kept`; all attributes come along."""
        known = _FOUND.get((self.url, self.uid))
        if known is None:
            with _asking(where):
                client = client_of(self.url, self.headers_from)
                ds = client.retrieve_instance(self.study, self.series, self.uid)
            known = ds, _HEADER + len(ds.get("PixelData") or b"")
            _remember((self.url, self.uid), known)
        if most is not None and known[1] > most:
            raise DataError(f"{where}: at most {most:,} bytes are read")
        return known[0]

    def fingerprint(self) -> str | None:
        """SHA-256 of its UID, which stands for one content for ever (PS3.5, 9)."""
        return hashlib.sha256(self.uid.encode()).hexdigest()

    def file_names(self, root: Path) -> frozenset[str]:
        """None: it lies in no file."""
        return frozenset()


def _remember(key: tuple[str, str], known: tuple[Any, int]) -> None:
    _FOUND[key] = known
    while len(_FOUND) > 1 and sum(size for _, size in _FOUND.values()) > CACHE:
        _FOUND.popitem(last=False)


def _asking(where: str) -> AbstractContextManager[None]:
    return quiet(
        where,
        "the archive gave no answer that can be used",
        "is the address right, and may you read there?",
    )


def listing_of_archive(keys: Sequence[str], role: str, options: DicomOptions) -> Listing:
    """The objects that a table names, and what draws on them in the same examinations.

    Args:
        keys: SOP Instance UIDs or accession numbers.
        role: which of them: "sop_instance_uid" or "accession_number".
        options: with the address.

    Raises:
        DataError: the archive does not answer, or not as DICOMweb.
    """
    found, studies = Listing(), dict[str, None]()
    for kept in _named(keys, role, options):
        studies[kept.study] = None
        with _asking("data.options.url"):
            client = client_of(options.url, options.headers_from)
            told = client.retrieve_instance_metadata(kept.study, kept.series, kept.uid)
            ds = _dataset(told)
        add_object(found, ds, kept, options)
    for study in studies:
        for modality in _DRAWING:
            found.drawing += _answered({"Modality": modality}, options, study)
    return found


def _named(keys: Sequence[str], role: str, options: DicomOptions) -> Iterator[InArchive]:
    keyword = "SOPInstanceUID" if role == "sop_instance_uid" else "AccessionNumber"
    seen = set()
    for key in dict.fromkeys(keys):
        for kept in _answered({keyword: key}, options):
            # An archive that does not know a filter may answer with all that it has.
            if kept.uid not in seen and (keyword != "SOPInstanceUID" or kept.uid == key):
                seen.add(kept.uid)
                yield kept


def _answered(
    filters: dict[str, str], options: DicomOptions, study: str | None = None
) -> list[InArchive]:
    """The instances that an archive finds, page by page, until one brings nothing new."""
    found: dict[str, InArchive] = {}
    with _asking("data.options.url"):
        client = client_of(options.url, options.headers_from)
        while True:
            # `get_remaining` of the client never ends where an archive does not know offsets.
            page = client.search_for_instances(
                study, search_filters=filters, offset=len(found) or None
            )
            before = len(found)
            for one in page:
                uids = (_text(one, tag) for tag in _UIDS)
                kept = InArchive(options.url, options.headers_from, *uids)
                if "Modality" not in filters or _text(one, _MODALITY) == filters["Modality"]:
                    found.setdefault(kept.uid, kept)
            if len(found) == before or "SOPInstanceUID" in filters:
                return list(found.values())


def _text(answer: Any, tag: str) -> str:  # noqa: ANN401 (JSON)
    values = answer.get(tag, {}).get("Value") or [""]
    return str(values[0])


def _dataset(told: Any) -> Dataset:  # noqa: ANN401 (JSON)
    from pydicom import Dataset  # noqa: PLC0415

    # Pixels and large tables stay where they are.
    return Dataset.from_json(told, bulk_data_uri_handler=lambda uri: b"")
