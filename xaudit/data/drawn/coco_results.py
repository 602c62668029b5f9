"""COCO results: a JSON list of boxes, each with the number of its image, its class and a score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xaudit.data.drawn.listed import ListedBox, ListedBoxes
from xaudit.data.drawn.spec import BoxesSpec
from xaudit.data.listing.files import read_json_file
from xaudit.data.listing.values import a_list, a_name, a_number, a_path, an_object
from xaudit.data.tables.table import capped
from xaudit.errors import DataError

_SIDES = ("left", "top", "width", "height")


def list_coco_results(spec: BoxesSpec) -> ListedBoxes:
    """The boxes of COCO results; ids of images and classes may begin at 0.

    Raises:
        DataError: the file is none of COCO results, or names an image that `spec.images` does not
            list; every mistake.
    """
    names = None if spec.images is None else _names(spec.images)
    listed, problems = ListedBoxes(), []
    for number, one in enumerate(a_list(read_json_file(spec.found), spec.found.name)):
        try:
            listed.boxes.append(_box(one, f"{spec.found.name}[{number}]", names))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(capped(problems))
    listed.silent = list(names.values()) if names else []
    return listed


def _names(path: Path) -> dict[str, str]:
    """Id → file name, of the images of a COCO file."""
    content = an_object(read_json_file(path), path.name)
    found = {}
    for number, one in enumerate(a_list(content.get("images"), f"{path.name} images")):
        where = f"{path.name} images[{number}]"
        image = an_object(one, where)
        found[a_name(_whole(image.get("id")), f"{where} id")] = a_path(
            image.get("file_name"), where
        )
    return found


def _box(value: Any, where: str, names: dict[str, str] | None) -> ListedBox:  # noqa: ANN401
    one = an_object(value, where)
    image = a_name(_whole(one.get("image_id")), f"{where} image_id")
    if names is not None and image not in names:
        raise DataError(f"{where}: the file of images lists no id {image}")
    sides = a_list(one.get("bbox"), f"{where} bbox")
    if len(sides) != len(_SIDES):
        raise DataError(f"{where} bbox: expected [left, top, width, height], got {len(sides)}")
    left, top, width, height = (
        a_number(side, f"{where} bbox {name}") for name, side in zip(_SIDES, sides, strict=True)
    )
    kind = one.get("category_id")
    return ListedBox(
        image if names is None else names[image],
        (left, top, width, height),
        a_number(one.get("score"), f"{where} score"),
        "" if kind is None else a_name(_whole(kind), f"{where} category_id"),
        where,
    )


def _whole(value: object) -> object:
    """Ids that went through a table of floats, 3.0, are the numbers that they were."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
