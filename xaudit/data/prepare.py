"""A case on the input grid of a detector, and the fingerprint of a study."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xaudit.core.case import BoolArray, Case, CaseIssue, FloatArray, PreparedCase, Region, Study
from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.core.message import Message
from xaudit.core.source import StoredBits
from xaudit.data.image_file import named_alone
from xaudit.data.pixels.images import looks_inverted, to_gray
from xaudit.data.transforms.geometry import GridTransform
from xaudit.data.views import one_under_another
from xaudit.errors import DataError

_MOST = 0.5
"""A lesion that covers more of its image is taken for an inverted mask."""


def prepare(case: Case, spec: InputSpec) -> PreparedCase:
    """Read a case and bring its image and lesions to the input grid.

    A lesion that cannot be used is left out with an issue; the case is scored all the same. The
    views of an examination lie one under another; where one cannot be read, the examination cannot.

    Args:
        case: what to read.
        spec: what the detector expects.

    Raises:
        DataError: the image is missing, truncated, too large, or cannot be read, or the detector
            takes another number of views; names the case.
    """
    if case.views or spec.views is not None:
        return one_under_another(case, spec, prepare)
    pixels = read_pixels(case, spec)
    spacing = None if case.spacing is None else (case.spacing, case.spacing)
    transform = GridTransform.between(Grid(pixels.shape[:2], spacing), spec)
    return _annotated(
        PreparedCase(
            case=case,
            image=transform.image(pixels, eight_bit=_in_8_bits(case, spec)),
            lesions=np.zeros((0, *transform.grid.shape), dtype=bool),
            inside=transform.inside(),
            source=transform.source,
            grid=transform.grid,
            issues=_pixel_issues(case, pixels),
        ),
        transform,
    )


def with_lesions(
    prepared: PreparedCase, lesions: Sequence[Region], spec: InputSpec
) -> PreparedCase:
    """The same image with the lesions of somebody else; issues are those of these lesions.

    Args:
        prepared: on the input grid.
        lesions: on the upright image.
        spec: what the detector expects.
    """
    transform = GridTransform.between(prepared.source, spec)
    case = replace(prepared.case, lesions=tuple(lesions))
    return _annotated(replace(prepared, case=case, issues=()), transform)


def _annotated(prepared: PreparedCase, transform: GridTransform) -> PreparedCase:
    case, shown = prepared.case, transform.inside()
    lesions, issues = _planes(case, case.lesions, "lesion", transform)
    void, more = _planes(case, case.ignored, "ignored", transform)
    ignored = shown & np.any(void, axis=0) & ~np.any(lesions, axis=0)
    return replace(
        prepared,
        lesions=lesions,
        inside=shown & ~ignored,
        issues=(*prepared.issues, *issues, *more),
        ignored=ignored if ignored.any() else None,
    )


def read_pixels(case: Case, spec: InputSpec) -> FloatArray:
    """The pixels of a case as its file holds them: bone bright, gray or color as declared.

    Args:
        case: what to read.
        spec: what the detector expects.

    Returns:
        (H, W), or (H, W, 3) for a color input, in [0, 1].

    Raises:
        DataError: the image is missing, truncated, too large, or cannot be read; names the case.
    """
    try:
        pixels = case.image.upright(spec.intensity)
    except DataError as error:
        raise DataError(f"case {case.case_id}: {error}") from error
    return _as_declared(pixels, spec, inverted=case.inverted)


def _in_8_bits(case: Case, spec: InputSpec) -> bool:
    """Whether the pixels are the levels of an 8-bit file, over 255."""
    whole = spec.intensity in {"dtype", StoredBits(8)}
    return whole and not case.image.header().deep


def study_fingerprint(study: Study) -> str:
    """SHA-256 over ids, patients, labels, groups, annotations and the content of every file.

    It does not depend on where the study lies. A file that cannot be read counts as unreadable.
    """
    digest = hashlib.sha256()
    for case in study.cases:
        digest.update(json.dumps(_record(case), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def _record(case: Case) -> dict[str, object]:
    """What is known of a case; an examination has the regions of its views on them alone."""
    placed = case if not case.views else replace(case, lesions=(), artifacts={}, ignored=())
    record = {
        "id": case.case_id,
        "patient": case.patient,
        "label": case.label,
        "site": case.site,
        "groups": dict(case.groups),
        "inverted": case.inverted,
        "image": case.image.fingerprint() or "unreadable",
        "lesions": [_region_text(region, case) for region in placed.lesions],
        "artifacts": {
            name: _region_text(region, case) for name, region in placed.artifacts.items()
        },
    }
    if placed.ignored:
        record["ignored"] = [_region_text(region, case) for region in placed.ignored]
    if case.readings:
        record["readings"] = [
            [one.annotator, one.label, [_region_text(region, case) for region in one.lesions]]
            for one in case.readings
        ]
    if case.views:
        record["views"] = [one and _record(one) for one in case.views]
    return record


def _region_text(region: Region, case: Case) -> str:
    describe = getattr(region, "fingerprint", None)
    try:
        if describe is not None:
            return str(describe())
        mask = region.rasterize(case.image.header().grid)
    except DataError:
        return "unreadable"
    return f"{region.form} {mask.shape} {hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()}"


def _as_declared(pixels: FloatArray, spec: InputSpec, *, inverted: bool) -> FloatArray:
    if inverted:
        pixels = np.subtract(np.float32(1), pixels, out=pixels)
    if spec.color == "gray":
        return to_gray(pixels)
    return pixels if pixels.ndim == 3 else np.broadcast_to(pixels[..., None], (*pixels.shape, 3))


def _pixel_issues(case: Case, pixels: FloatArray) -> tuple[CaseIssue, ...]:
    gray = to_gray(pixels)
    if gray.max() == gray.min():
        detail = Message(
            "every pixel is {value:.3g} of 1; expected a radiograph", value=gray.flat[0]
        )
        return (CaseIssue(case.case_id, "constant_image", detail, "noted"),)
    if looks_inverted(gray):
        detail = Message(
            "the frame is much brighter than the middle, as where MONOCHROME1 was stored "
            "without a tag; look at it and declare photometric or invert"
        )
        return (CaseIssue(case.case_id, "possibly_inverted", detail, "noted"),)
    return ()


def _planes(
    case: Case, regions: Sequence[Region], what: str, transform: GridTransform
) -> tuple[BoolArray, list[CaseIssue]]:
    planes: list[BoolArray] = []
    issues: list[CaseIssue] = []
    bring = _lesion if what == "lesion" else _void
    for number, region in enumerate(regions, start=1):
        try:
            with named_alone(region):
                planes.append(bring(region, transform))
        except DataError as error:
            detail = Message(
                "{what} {n} of {all} is left out: {reason}",
                what=Message(what),
                n=number,
                all=len(regions),
                reason=str(error),
            )
            issues.append(CaseIssue(case.case_id, f"{what}_unusable", detail, "noted"))
    stacked = np.stack(planes) if planes else np.zeros((0, *transform.grid.shape), dtype=bool)
    return stacked, issues


def _void(region: Region, transform: GridTransform) -> BoolArray:
    """Grid pixels of which at least half is ignored."""
    return transform.coverage(region.rasterize(transform.source)) >= 0.5


def _lesion(region: Region, transform: GridTransform) -> BoolArray:
    mask = region.rasterize(transform.source)
    share = float(mask.mean())
    if region.form == "mask" and share > _MOST:
        raise DataError(
            f"it covers {share:.0%} of the image, expected at most {_MOST:.0%}; is it inverted?"
        )
    plane = transform.mask(mask)
    if not plane.any():
        raise DataError("it lies outside of the center crop that the detector sees")
    return plane
