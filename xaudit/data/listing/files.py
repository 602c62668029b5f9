"""Files of an export below its study: found, and read within limits."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from xaudit.core.text.json_text import read_json_text
from xaudit.core.text.xml_text import read_xml
from xaudit.data.manifest.paths import inside_root
from xaudit.errors import DataError

T = TypeVar("T")
MAX_BYTES = 500_000_000
_SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


def files_below(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Files with one of these suffixes, in order, at any depth; hidden ones are left out.

    macOS writes a hidden "._image1.png" beside an image, which is no image. Links that lead out of
    the folder are not followed.

    Args:
        folder: where to look.
        suffixes: in small letters, with their dot.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() in suffixes:
                if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                    continue
                yield path


def below(root: Path, text: str, option: str) -> Path:
    """A file or folder that an option names.

    Raises:
        DataError: the path leads out of the study, or nothing is there.
    """
    try:
        path = inside_root(root, text) if text else root
    except ValueError as error:
        raise DataError(f"{option}: {error}") from error
    if not path.exists():
        raise DataError(f"{option}: nothing is at {text!r} below data.root")
    return path


def read_json_file(path: Path) -> Any:  # noqa: ANN401 (what JSON may hold)
    """The content of a JSON file.

    Raises:
        DataError: it cannot be read, is too large, or no JSON.
    """
    return _parsed(path, lambda content: read_json_text(content.decode("utf-8-sig"), finite=True))


def read_xml_file(path: Path) -> Element:
    """The root of an XML file, see `read_xml`.

    Raises:
        DataError: it cannot be read, is too large, or no XML that is read here.
    """
    return _parsed(path, read_xml)


def read_lines(path: Path) -> list[str]:
    """The lines of a text file.

    Raises:
        DataError: it cannot be read, is too large, or no UTF-8.
    """
    return _parsed(path, lambda content: content.decode("utf-8-sig").splitlines())


def read_cells(path: Path) -> list[list[str]]:
    """The cells of a CSV without a line of names.

    Raises:
        DataError: it cannot be read, is too large, no UTF-8, or no CSV.
    """
    try:
        return [row for row in csv.reader(read_lines(path), strict=True) if row]
    except csv.Error as error:
        raise DataError(f"{path.name}: is no CSV: {error}") from error


def split_of(path: Path) -> str:
    """train, val or test, where a folder of a relative path says so; else empty."""
    named = (_SPLITS.get(part.lower(), "") for part in path.parts[:-1])
    return next((name for name in named if name), "")


def is_split(name: str) -> bool:
    """Whether a folder's name is that of a part of a data set."""
    return name.lower() in _SPLITS


def _parsed(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path.name}: at most {MAX_BYTES:,} bytes are read, got {size:,}")
        return parse(path.read_bytes())
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: expected UTF-8, byte {error.start} is not") from error
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path.name}: {error}") from error
