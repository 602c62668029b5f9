"""Files of a study: below its folder, or those that a DICOMDIR names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from xaudit.data.dicom.library import quiet
from xaudit.data.dicom.reading import head_of, is_dicom, read_whole
from xaudit.data.manifest.paths import inside_root
from xaudit.errors import DataError

_ASKED = 50
"""Files that are opened to see whether a folder is one of DICOM."""
_RECORDS = 2_000_000


def looks_like_dicom(folder: Path) -> bool:
    """Whether most of the first files below a folder are DICOM, whatever they are called."""
    first = list(islice(files_below(folder), _ASKED))
    found = sum(is_dicom(head_of(path)) for path in first)
    return found > 0 and found * 2 >= len(first)


def files_below(root: Path) -> Iterator[Path]:
    """Every file, in the order of names; hidden ones and links out of the folder are left out."""
    base = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            inside = not path.is_symlink() or path.resolve().is_relative_to(base)
            if not name.startswith(".") and inside and path.is_file():
                yield path


def files_of_directory(root: Path, name: str) -> list[Path]:
    """The files that a DICOMDIR names, in its order.

    Raises:
        DataError: it is none, or names a file outside of the root.
    """
    where = "data.options.dicomdir"
    try:
        path = inside_root(root, name)
        if not path.is_file():
            raise ValueError(f"no file {name[:80]!r} below data.root")
        ds = read_whole(path, ["DirectoryRecordSequence"], where)
        with quiet(where):
            records = ds.DirectoryRecordSequence[:_RECORDS]
            named = [one.ReferencedFileID for one in records if one.get("ReferencedFileID")]
        return [_named(path.parent, root, one) for one in named]
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error


def _named(folder: Path, root: Path, parts: object) -> Path:
    """A file of a DICOMDIR; file systems of media write its name in capital letters."""
    names = [parts] if isinstance(parts, str) else [str(one) for one in parts]  # type: ignore[attr-defined]
    if any(one in {"", ".", ".."} or "/" in one or "\\" in one for one in names):
        raise ValueError("it names a file outside of its folder")
    relative = folder.relative_to(root.resolve()) if folder != root else Path()
    path = inside_root(root, str(relative.joinpath(*names)))
    lower = inside_root(root, str(relative.joinpath(*names)).lower())
    return lower if not path.exists() and lower.exists() else path
