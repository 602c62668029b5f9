"""Hashes that identify a detector in a file, or in a folder of files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def weights_sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of the list of its files.

    The list is what ``find . -type f | LC_ALL=C sort | xargs sha256sum`` prints in the folder.

    Args:
        path: of a file or a folder; links to files count as files.

    Raises:
        OSError: it cannot be read, or a folder in it is a link, or it holds what is no file.
    """
    if not path.is_dir():
        return _of_file(path)
    files = sorted(_files(path), key=os.fsencode)
    listed = (f"{_of_file(path / name)}  ./{name}\n".encode("utf-8", "surrogateescape")
              for name in files)  # fmt: skip
    whole = hashlib.sha256()
    for line in listed:
        whole.update(line)
    return whole.hexdigest()


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """Every file below, with the folders before it and slashes between."""
    found = []
    for here, folders, names in os.walk(folder, onerror=_raise):
        linked = [one for one in folders if (Path(here) / one).is_symlink()]
        odd = [name for name in names if not (Path(here) / name).is_file()]
        if linked or odd:
            raise OSError(0, f"{(linked or odd)[0]} in it is a link to a folder, or no file")
        found += [(Path(here) / name).relative_to(folder).as_posix() for name in names]
    return found


def _raise(error: OSError) -> None:
    raise error
