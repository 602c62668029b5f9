"""The code blocks of the pages about pipelines."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(page, language):
    """Those of a page in one language."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
