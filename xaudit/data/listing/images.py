"""Images below a folder, found by the names that exports write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from xaudit.data.listing.files import files_below

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".gif", ".pgm")


_LONGEST = 250
"""Bytes of a name that every file system takes."""


class ImageIndex:
    """The images below a folder.

    Args:
        folder: where they lie, absolute.
        suffixes: of files that are images.
    """

    def __init__(self, folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> None:
        self.folder = folder
        self.files = tuple(files_below(folder, suffixes))
        self._named: dict[str, list[Path]] = defaultdict(list)
        self._stems: dict[str, list[Path]] = defaultdict(list)
        for path in self.files:
            self._named[path.name].append(path)
            self._stems[path.stem].append(path)

    def has(self, path: Path) -> bool:
        """Whether an image lies there."""
        return path in self._named.get(path.name, ())

    def besides(self, listed: Iterable[Path]) -> tuple[Path, ...]:
        """The images that are none of these, in order."""
        used = set(listed)
        return tuple(path for path in self.files if path not in used)

    def find(self, text: str, within: Path | None = None) -> Path:
        """The image that an export calls so; a path without a file where there is none.

        An export may have been made elsewhere: as much of the end of its path has to agree as is
        needed to tell images of one name apart. Addresses are taken by their path.

        Args:
            text: a path, with slashes or backslashes, or an address.
            within: look in this folder only.

        Raises:
            ValueError: several images fit.
        """
        parts = _parts(text)
        base = within or self.folder
        found = self._fitting(self._named.get(parts[-1], []), parts, base)
        return found or not_there(base, parts[-1])

    def of_stem(self, relative: Path, within: Path | None = None) -> Path | None:
        """The image of an annotation file: one of its name, whatever its suffix.

        Args:
            relative: path of the annotation file.
            within: look in this folder only.

        Raises:
            ValueError: several images fit.
        """
        paths = [path for path in self._stems.get(relative.stem, [])]
        parts = (*relative.parts[:-1], "")
        return self._fitting(paths, parts, within or self.folder)

    def _fitting(self, paths: list[Path], parts: tuple[str, ...], base: Path) -> Path | None:
        paths = [path for path in paths if path.is_relative_to(base)]
        depth = 1
        while len(paths) > 1 and depth < len(parts):
            depth += 1
            wanted = parts[-depth:-1]
            paths = [path for path in paths if path.parts[-depth:-1] == wanted]
        if len(paths) > 1:
            names = ", ".join(path.relative_to(self.folder).as_posix() for path in paths[:3])
            raise ValueError(
                f"which of {len(paths)} images is meant: {names}? name their folder: data.options: "
                "{images: FOLDER}"
            )
        return paths[0] if paths else None


def not_there(folder: Path, name: str) -> Path:
    """The path of an image that is listed and not found.

    Raises:
        ValueError: no file can have this name.
    """
    if len(name.encode(errors="replace")) > _LONGEST:
        raise ValueError(f"the name {name[:40]!r}... is longer than a file's can be")
    return folder / name


def _parts(text: str) -> tuple[str, ...]:
    """Of a path or address, "." and ".." left out; at least a name."""
    if "://" in text or text.startswith(("/data/local-files", "file:")):
        try:
            address = urlsplit(text)
            text = unquote(parse_qs(address.query).get("d", [address.path])[0])
        except ValueError:
            pass
    plain = text.replace("\\", "/").replace("\0", "")
    parts = [part for part in PurePosixPath(plain).parts if part not in {"/", ".", ".."}]
    return tuple(parts) or ("(no name)",)
