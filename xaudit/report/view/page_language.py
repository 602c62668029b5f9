"""Style and script of the page in the current language: their words, and how they read numbers.

In their files a word stands as ``tr("word")``; what findings say stands in ``TOLD``, and in
``ROWS`` for each finding where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import SOURCE, current, told, tr

_WORD = re.compile(r'\btr\(("(?:[^"\\]|\\.)*")\)')


def spoken(text: str, sentences: Sequence[tuple[str, str]] = ()) -> str:
    """The text of a style or a script as a page of the current language holds it.

    Args:
        text: of the file.
        sentences: `sentences_of` the findings that the script shows.
    """
    text = _WORD.sub(lambda found: _quoted(tr(json.loads(found[1]))), text)
    if current().language == SOURCE:
        text = text.replace("/*decimal*/", "").replace("/*point*/", "")
    else:
        decimal = current().decimal
        text = text.replace("/*decimal*/", f'.replace(".", {_quoted(decimal)})')
        text = text.replace("/*point*/", f'.replace({_quoted(decimal)}, ".")')
    if not sentences:
        return text
    places = {one: place for place, one in enumerate(dict.fromkeys(sentences))}
    pairs, rows = _quoted([*places]), _quoted([places[sentence] for sentence in sentences])
    return f"var TOLD = {pairs}, ROWS = {rows};\n{text}"


def sentences_of(findings: Findings) -> tuple[tuple[str, str], ...]:
    """What the list of all findings says of each, in the current language, besides numbers.

    The interval's method, and why there is no value or caution.
    """
    estimates = (finding.estimate for finding in findings.findings)
    return tuple(
        (told(estimate.method), told(estimate.undefined or estimate.caution or ""))
        for estimate in estimates
    )


def _quoted(value: object) -> str:
    """As JavaScript and CSS write it; nothing in it ends the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
