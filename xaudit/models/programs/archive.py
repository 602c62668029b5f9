"""The zip archive of a program of torch, looked at and rewritten before torch reads it.

Two readers of one archive may see different members: what was looked at here is what torch gets.
Source: caffe2/serialize/inline_container.h of PyTorch 2.13.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xaudit.errors import DetectorError

_INFLATED = 256 * 1024**2
"""Bytes that compressed members may hold together; torch compresses code, never tensors."""


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """The members of an archive.

    Attributes:
        name: of the folder in which all of them lie.
        members: path below that folder → bytes.
    """

    name: str
    members: Mapping[str, bytes]

    def packed(self) -> io.BytesIO:
        """The same members as an archive that torch reads."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as written:
            for path, content in self.members.items():
                written.writestr(f"{self.name}/{path}", content)
        buffer.seek(0)
        return buffer


def read_archive(path: Path, what: str) -> Archive:
    """Read every member, with its checksum.

    Args:
        path: of the file.
        what: should be in it, for errors: "a TorchScript program".

    Raises:
        DetectorError: it is missing, no such archive, damaged, or unpacks to very much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _refuse(path, infos)
            members = {one.filename: archive.read(one) for one in infos}
    except OSError as error:
        raise DetectorError(f"{path}: cannot be read: {error.strerror or error}") from None
    except DetectorError:
        raise
    except Exception as error:  # damaged bytes raise nearly anything
        raise DetectorError(
            f"{path}: is not {what} that can be read, or it is damaged ({type(error).__name__}); "
            "copy it again"
        ) from None
    folders = {name.partition("/")[0] for name in members}
    if len(folders) != 1 or not all("/" in name for name in members):
        raise DetectorError(f"{path}: is not {what}: its members do not lie in one folder")
    name = folders.pop()
    return Archive(name, {one.partition("/")[2]: content for one, content in members.items()})


def _refuse(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    names = [one.filename for one in infos]
    if len(set(names)) < len(names):
        raise DetectorError(f"{path}: holds two members of one name; save the model again")
    inflated = sum(one.file_size for one in infos if one.compress_type != zipfile.ZIP_STORED)
    if inflated > _INFLATED:
        raise DetectorError(
            f"{path}: its compressed members unpack to {inflated:,} bytes, at most {_INFLATED:,} "
            "are read; torch compresses code alone"
        )
