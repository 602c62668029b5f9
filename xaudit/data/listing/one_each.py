"""Exports with an annotation file for each image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xaudit.data.listing.entry import Entry, Listing
from xaudit.data.listing.files import below, files_below
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.options import Options
from xaudit.data.spec import DataSpec
from xaudit.data.tables.table import capped
from xaudit.errors import DataError


@dataclass(frozen=True, slots=True)
class Folders:
    """Where annotations and images lie.

    Attributes:
        root: of the study.
        index: of its images.
    """

    root: Path
    index: ImageIndex

    def image_of(self, path: Path, written: str) -> Path:
        """The image that an annotation file speaks of: the one that it names, or of its own name.

        Args:
            path: of the annotation file.
            written: the name of the image in it; may be empty.

        Raises:
            DataError: several images fit.
        """
        relative = path.relative_to(self.root)
        try:
            beside = path.parent / Path(written.replace("\\", "/")).name
            if written and self.index.has(beside):
                return beside
            found = self.index.find(written) if written else None
            if found is not None and found.is_file():
                return found
            own = self.index.of_stem(relative)
            return own or found or path.with_suffix("")
        except ValueError as error:
            raise DataError(f"{relative.as_posix()}: {error}") from error


def list_each(
    spec: DataSpec,
    options: Options,
    suffixes: Sequence[str],
    read: Callable[[Path, Folders], Entry | None],
) -> Listing:
    """What all annotation files say, and which images have none.

    Args:
        spec: of the study.
        options: with the folders.
        suffixes: of annotation files.
        read: the entry of a file; None for a file of something else.

    Raises:
        DataError: a file is damaged; every mistake.
    """
    index = ImageIndex(below(spec.root, options.images, "data.options.images"))
    folders = Folders(spec.root, index)
    listing, problems, files = Listing(), list[str](), list[Path]()
    for path in files_below(below(spec.root, options.annotations, "data.options.annotations"),
                            suffixes):  # fmt: skip
        try:
            entry = read(path, folders)
        except DataError as error:
            problems += str(error).splitlines()
            continue
        if entry is not None:
            listing.entries.append(entry)
            files.append(path)
    if problems:
        raise DataError(capped(problems))
    listing.unlisted = index.besides(entry.image for entry in listing.entries)
    listing.files = tuple(path.name for path in files)
    return listing
