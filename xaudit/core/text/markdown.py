"""Text of strangers in Markdown: shown as it is; no markup, link, picture, mention or emoji."""

from __future__ import annotations

import re

from xaudit.core.text.printable import in_a_cell

# What GitHub finds in the rendered text, where no escape helps: addresses, :names: of emoji and
# @mentions. An invisible space parts them.
_FOUND_LATER = re.compile(r":(?=[\w+-]+:|//)|(?<=www)\.|@(?=\w)", re.IGNORECASE)
_PARTED = "\0"
_SIGNS = str.maketrans(
    {sign: f"\\{sign}" for sign in "\\`*_[]#|~$"}
    | {"<": "&lt;", ">": "&gt;", "&": "&amp;", _PARTED: "&#8203;"}
)


def markdown_text(text: str) -> str:
    """The text in one line, as Markdown that shows it.

    Args:
        text: of anybody.
    """
    parted = _FOUND_LATER.sub(lambda found: found[0] + _PARTED, in_a_cell(text))
    return parted.translate(_SIGNS)
