"""Text of strangers stays text: nothing in it acts on a terminal, a log or a page.

Names come from audit files, tables, file names, checkpoints, policies and saved audits. They are
kept as they are; what shows them calls `printable`: the console, the templates and the outputs of
the gate, in one place each.
"""

from __future__ import annotations

import re

# What is no sign but does something, by Unicode's general categories: Cc (C0, DEL, C1), Zl, Zp, Cs
# (halves of pairs, which no encoder takes) and Cf (marks and overrides of direction, tags,
# invisible operators). Soft hyphens (00AD) and the joiners of Persian and Indic scripts and of
# emoji (200C, 200D) are Cf too, stand in honest words and move nothing.
_ACTS = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000110bd\U000110cd"
    r"\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_BUT_LINES = re.compile(f"[{_ACTS}]")
_ANY = re.compile(rf"[{_ACTS}\n\t]")
# What a runner of GitHub reads as a command: "::" where a line begins, "##[" anywhere.
_BEGINNING = re.compile(r"^(\s*:)(?=:)", re.MULTILINE)
_COLONS = re.compile(r"(?<=:)(?=:)")
_HASHES = re.compile(r"(?<=##)(?=\[)")


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with what would act on its surroundings written out: ``\x1b``, ``\u202e``.

    A text that is printable stays as it is, so doing it twice changes nothing.

    Args:
        text: of anybody.
        lines: leave line breaks and tabs as they are.
    """
    if text.isprintable():
        return text
    return (_BUT_LINES if lines else _ANY).sub(lambda found: ascii(found[0])[1:-1], text)


def in_a_cell(text: str) -> str:
    """The text in one line, printable, of which no part is a command to a runner of GitHub.

    Where a cell is wrapped, any part of it may come to stand where a line begins.
    """
    return _HASHES.sub(" ", _COLONS.sub(" ", printable(" ".join(text.split()))))


def in_lines(text: str) -> str:
    """The text printable, its lines kept, of which none is a command to a runner of GitHub."""
    return _HASHES.sub(" ", _BEGINNING.sub(r"\1 ", printable(text, lines=True)))
