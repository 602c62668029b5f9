"""Statements of detectors that run elsewhere: the same from the first image to the last.

No hash says which detector answered, so its own word is kept with the audit and asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xaudit.audit.run.parts import Part
from xaudit.audit.store.files import kept_json, to_json, write_text
from xaudit.errors import ConfigError, DetectorLostError

FILE = "service.json"
Stated = Mapping[str, str]


def refuse_other(parts: Sequence[Part], folder: Path) -> None:
    """Refuse to go on with a detector that states another version than the one that began.

    Raises:
        ConfigError: half of the audit would be about another detector.
    """
    before = kept_json(folder / FILE, dict[str, str])
    now = _stated(parts)
    if before is not None and before != now:
        raise ConfigError(
            f"{folder}: began with a detector that stated {told(before)}, now it states "
            f"{told(now)}: an audit is about one detector; begin again in a new folder (--out)"
        )


def keep(parts: Sequence[Part], folder: Path) -> None:
    """Write down what is stated, where something runs elsewhere and states anything.

    Raises:
        AuditError: the disk is full or cannot be written.
    """
    stated = _stated(parts)
    if stated and not (folder / FILE).exists():
        write_text(folder / FILE, to_json(stated))


def refuse_changed(parts: Sequence[Part]) -> None:
    """Ask again at the end of a run.

    Raises:
        DetectorLostError: another detector answered at the end than at the beginning.
    """
    for part in parts:
        detector = part.engine.detector
        if detector.elsewhere is None:
            continue
        now = detector.elsewhere.stated()
        if now != detector.stated:
            raise DetectorLostError(
                f"{detector.source}: stated {told(detector.stated)} when the run began and states "
                f"{told(now)} at its end: an audit is about one detector; begin again in a new "
                "folder (--out)"
            )


def close(parts: Sequence[Part]) -> None:
    """Let go of what runs elsewhere."""
    for part in parts:
        if part.engine.detector.elsewhere is not None:
            part.engine.detector.elsewhere.close()


def told(stated: Stated) -> str:
    """What is stated, as one text."""
    return "; ".join(f"{name} {value}" for name, value in stated.items()) or "nothing"


def _stated(parts: Sequence[Part]) -> dict[str, str]:
    folds = len(parts) > 1
    return {
        f"{part.fold}: {name}" if folds else name: value
        for part in parts
        for name, value in part.engine.detector.stated.items()
    }
