"""RSNA bone age: hands of children with an age and no word of a fracture.

Halabi et al., The RSNA Pediatric Bone Age Machine Learning Challenge, Radiology 2019.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from xaudit.data.format import FORMATS
from xaudit.data.listing.files import files_below
from xaudit.data.recognize import RECOGNIZERS, Inspection, Recognizer
from xaudit.data.spec import DataSpec
from xaudit.errors import DataError

_REASON = (
    "the RSNA bone age study states the age and the sex of a child, and not whether a bone is "
    "fractured: without labels there is neither sensitivity nor a false alarm, and an audit of it "
    "would call every hand normal. Have its films read, and list them in a manifest.csv (id, "
    "image, label, male, boneage)"
)


@FORMATS.register("rsna_bone_age")
def read_rsna_bone_age(spec: DataSpec) -> NoReturn:
    """Nothing: there is no label.

    Raises:
        DataError: always, with the reason and what can be done.
    """
    raise DataError(f"{spec.root.name}: {_REASON}")


def recognize_rsna_bone_age(folder: Path) -> Inspection | None:
    """Refuse the study, if a folder holds it.

    Raises:
        DataError: it does.
    """
    if (folder / "manifest.csv").is_file():
        # Somebody has read the films, and listed them.
        return None
    for path in files_below(folder, (".csv",)):
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                names = {one.strip(' "\n').lower() for one in file.readline(500).split(",")}
        except OSError:
            continue
        bone_age = "boneage" in names or {"bone age (months)", "image id"} <= names
        if bone_age and not names & {"label", "fractured", "fracture"}:
            raise DataError(f"{folder.name}: {_REASON}")
    return None


RECOGNIZERS.add("rsna_bone_age", Recognizer(recognize_rsna_bone_age, 3))
