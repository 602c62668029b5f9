"""The mask files that a manifest names, and what is asked and told of them."""

from __future__ import annotations

import ast
from collections import Counter
from functools import partial
from pathlib import Path

from xaudit.core.case import CaseIssue
from xaudit.core.message import Message
from xaudit.data.annotations.mask_files import MaskFile, MaskFileLesions, lesions_of
from xaudit.data.manifest.paths import inside_root
from xaudit.data.manifest.reading import Reading
from xaudit.data.pixels.mask_values import UndeclaredValuesError
from xaudit.data.tables.table import Row
from xaudit.errors import DataError


def masks_of(reading: Reading, row: Row, case_id: str) -> list[MaskFileLesions]:
    """What each mask file of a row shows."""
    nothing = MaskFileLesions(())
    found = [
        reading.attempt(row, f"mask of case {case_id}", partial(_from_file, reading, text), nothing)
        for text in _mask_paths(reading, row)
    ]
    reading.soft += [mask.soft for mask in found if mask.soft]
    for mask in found:
        if mask.level:
            (reading.smeared if mask.smeared else reading.levels).append(mask.level)
    return found


def note_black(
    reading: Reading, row: Row, case_id: str, masks: list[MaskFileLesions], *, others: bool
) -> None:
    """A black mask is right for a normal image; a fractured one has lost its lesion."""
    black = [
        Path(text).name
        for text, mask in zip(_mask_paths(reading, row), masks, strict=True)
        if not mask.lesions
    ]
    if black:
        detail = Message("the label says fractured, no lesion is annotated in {files}", files=black)
        if others:
            detail = Message(
                "nothing is annotated in {files}; the lesions that are annotated elsewhere count",
                files=black,
            )
        reading.issues.append(CaseIssue(case_id, "empty_mask", detail, "noted"))


def _mask_paths(reading: Reading, row: Row) -> list[str]:
    column = reading.roles.get("mask", "")
    parts = _parts(row.values.get(column))
    return [str(part).strip() for part in parts if not reading.missing.holds_nothing(column, part)]


def _parts(value: object) -> list[object]:
    """The paths of a cell: a list, also as the text that pandas makes of it, or by semicolons."""
    if isinstance(value, list):
        return value
    text = str(value or "").strip()
    if _is_list(text):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
        return found if all(isinstance(one, str) for one in found) else [text]
    return list(text.split(";"))


def _is_list(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")


def _from_file(reading: Reading, text: str) -> MaskFileLesions:
    if _is_list(text):
        raise ValueError(f"expected paths separated by semicolons, got the list {text[:40]!r}")
    path, spec = inside_root(reading.spec.root, text), reading.spec
    try:
        return lesions_of(path, spec.mask_lesions, spec.mask_values)
    except UndeclaredValuesError:
        raise
    except DataError:
        # A mask that is missing or damaged is the lesion's issue when the case is prepared.
        if spec.mask_lesions != "one" and path.is_file():
            raise
        return MaskFileLesions((MaskFile(path, declared=spec.mask_values),))


def soft_masks(reading: Reading) -> list[CaseIssue]:
    """How much of the masks with soft edges is lesion."""
    if not reading.soft:
        return []
    above, all_of_them = (sum(areas) for areas in zip(*reading.soft, strict=True))
    detail = Message(
        "{n} masks have soft edges, which are cut at half: {above:,} pixels are lesion, of "
        "{all:,} that are not black",
        n=len(reading.soft),
        above=above,
        all=all_of_them,
    )
    return [CaseIssue("(study)", "soft_masks", detail, "noted")]


def smeared_masks(reading: Reading) -> list[CaseIssue]:
    """At which levels the masks of a lossy format are cut."""
    if not reading.smeared:
        return []
    levels = sorted(Counter(level for level, _ in reading.smeared).items())
    said = [Message("{level:g} in {n}", level=level / 2, n=count) for level, count in levels]
    detail = Message(
        "{n} masks are of a lossy format (JPEG), which smears values; they are cut at half of "
        "their one level: {levels}. PNG would keep the values",
        n=len(reading.smeared),
        levels=said,
    )
    return [CaseIssue("(study)", "smeared_masks", detail, "noted")]
