"""Catalogs as translators write them (PO), and as they are read at run time (MO)."""

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[2] / "xaudit" / "report" / "language" / "languages"
STORED = "stored"


def catalog(path):
    """The messages of a PO file, the header left out."""
    with path.open("rb") as file:
        return [one for one in read_po(file, abort_invalid=True) if one.id]


def compiled(path):
    """The MO file of a PO file; fuzzy entries are left out."""
    with path.open("rb") as file:
        messages = read_po(file, abort_invalid=True)
    made = io.BytesIO()
    write_mo(made, messages)
    return made.getvalue()


def source(message):
    """The msgid, also where a number decides."""
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message):
    """Every translation."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


if __name__ == "__main__":
    for one in sorted(FOLDER.glob("*.po")):
        one.with_suffix(".mo").write_bytes(compiled(one))
