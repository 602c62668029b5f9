"""Outlines as a manifest writes them: JSON values in a cell or a key."""

from __future__ import annotations

from xaudit.core.case import Region
from xaudit.data.annotations.form import FORMS, AnnotationCell


def forms() -> tuple[str, ...]:
    """The names of all forms; those of xaudit first, in the order in which lesions are counted."""
    ours = ("polygons", "boxes", "rle")
    return (*ours, *(name for name in FORMS if name not in ours))


def outlines_of(name: str, cell: AnnotationCell) -> tuple[Region, ...]:
    """The lesions of a cell.

    Args:
        name: of the form.
        cell: of one image.

    Raises:
        ValueError: what was expected and what came, or the package of the form failed.
    """
    form = FORMS[name]
    try:
        return tuple(form(cell))
    except ValueError:
        raise
    except Exception as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"the annotation form {name!r} failed: {said}") from error
