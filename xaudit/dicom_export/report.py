"""Scores, calls and figures of maps as a structured report (TID 1500)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from xaudit import __version__
from xaudit.core.record.finding import DetectorFacts
from xaudit.dicom_export.library import MAKER, fracture, highdicom, own_code, uid_of
from xaudit.dicom_export.sources import Source
from xaudit.metrics.maps.localization import LOCALIZATION
from xaudit.verify.recompute import AuditOnDisk

if TYPE_CHECKING:
    from pydicom import Dataset


_UNSTATED = "not stated"


def report_of(source: Source, image: Dataset, audit: AuditOnDisk) -> Dataset:
    """A report on one radiograph: logit, calls, figures of each map, and what computed them.

    Args:
        source: the case.
        image: its object, as it may be told.
        audit: on disk.
    """
    name, case_id = audit.record.identity, source.row.case_id
    with highdicom() as hd:
        from pydicom.sr.codedict import codes  # noqa: PLC0415

        observer = hd.sr.ObserverContext(
            codes.DCM.Device,
            hd.sr.DeviceObserverIdentifyingAttributes(
                uid=uid_of(MAKER, __version__), name=MAKER, manufacturer_name=MAKER,
                model_name=__version__,
            ),
        )  # fmt: skip
        content = hd.sr.MeasurementReport(
            hd.sr.ObservationContext(observer_device_context=observer),
            hd.sr.CodedConcept("363680008", "SCT", "Radiographic imaging procedure"),
            _groups(hd, codes, source, image, audit),
            title=codes.DCM.ImagingMeasurementReport,
            # No image library: it asks for attributes that many radiographs do not have, and each
            # group names its image.
        )
        made: Dataset = hd.sr.ComprehensiveSR(
            [image], content[0],
            series_instance_uid=uid_of(name, image.StudyInstanceUID, "report"),
            series_number=9003,
            sop_instance_uid=uid_of(name, case_id, "report"),
            instance_number=1, manufacturer=MAKER,
            is_complete=True, is_final=False, is_verified=False,
        )  # fmt: skip
        return made


def _groups(
    hd: Any,
    codes: Any,
    source: Source,
    image: Dataset,
    audit: AuditOnDisk,
) -> list[Any]:
    """One group for the detector's answer, and one for each map."""
    identity, case_id = audit.record.identity, source.row.case_id
    device = audit.stated.detector
    seen = [hd.sr.SourceImageForMeasurementGroup.from_source_image(
        image, [source.frame + 1] if source.several else None)]  # fmt: skip

    def group(what: str, **parts: object) -> Any:
        return hd.sr.MeasurementsAndQualitativeEvaluations(
            hd.sr.TrackingIdentifier(uid_of(identity, case_id, "group", what), f"{case_id} {what}"),
            source_images=seen, finding_type=fracture(), **parts,
        )  # fmt: skip

    answer = group(
        "detector",
        algorithm_id=_algorithm(hd, device),
        measurements=_logit(hd, codes, source),
        qualitative_evaluations=list(_calls(hd, codes, source, device)),
    )
    maps = [
        group(
            method,
            algorithm_id=hd.sr.AlgorithmIdentification(method, __version__),
            measurements=[
                hd.sr.Measurement(own_code(metric), value, codes.UCUM.NoUnits)
                for metric, value in _figures(source, method, audit)
            ],
        )
        for method in source.maps
    ]
    return [answer, *maps]


def _algorithm(hd: Any, device: DetectorFacts) -> Any:
    stated = [f"architecture {device.architecture}"]
    if device.weights_sha256:
        stated.append(f"weights SHA-256 {device.weights_sha256}")
    return hd.sr.AlgorithmIdentification(device.name, device.version or _UNSTATED, stated)


def _logit(hd: Any, codes: Any, source: Source) -> list[Any]:
    logit = source.row.logit
    return (
        [] if logit is None else [hd.sr.Measurement(own_code("logit"), logit, codes.UCUM.NoUnits)]
    )


def _calls(
    hd: Any,
    codes: Any,
    source: Source,
    device: DetectorFacts,
) -> Iterator[Any]:
    """Above or below each operating point, and what the reference standard says."""
    said = {True: codes.SCT.Present, False: codes.SCT.Absent}
    logit = source.row.logit
    for point in device.operating_points if logit is not None else ():
        called = said[logit is not None and logit > point.edge]
        yield hd.sr.QualitativeEvaluation(own_code(f"called at {point.name}"), called)
    yield hd.sr.QualitativeEvaluation(own_code("reference standard"), said[source.row.label])


def _figures(source: Source, method: str, audit: AuditOnDisk) -> Iterator[tuple[str, float]]:
    """Figures of a map; one that is not defined is not there."""
    for metric in LOCALIZATION:
        row = audit.results.by_score.get((method, metric), {}).get(source.row.case_id)
        if row is not None and row.value is not None:
            yield metric, float(row.value)
