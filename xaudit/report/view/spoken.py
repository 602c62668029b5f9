"""Style and script of the page in the current language: their words, and how they read numbers.

In their files a word stands as ``tr("word")``; a sentence of the findings is handed to ``told``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import SOURCE, current, stored, tr

_WORD = re.compile(r'\btr\(("(?:[^"\\]|\\.)*")\)')
_TOLD = re.compile(r"\btold\(([^()]*)\)")


def spoken(text: str, sentences: Iterable[str] = ()) -> str:
    """The text of a style or a script as a page of the current language holds it.

    Args:
        text: of the file.
        sentences: stored ones that the script shows.
    """
    text = _WORD.sub(lambda found: _quoted(tr(json.loads(found[1]))), text)
    if current().language == SOURCE:
        return _TOLD.sub(r"\1", text).replace("/*decimal*/", "").replace("/*point*/", "")
    decimal = current().decimal
    text = text.replace("/*decimal*/", f'.replace(".", {_quoted(decimal)})')
    text = text.replace("/*point*/", f'.replace({_quoted(decimal)}, ".")')
    if not _TOLD.search(text):
        return text
    known = {one: stored(one) for one in sorted(set(sentences))}
    return f"function told(text) {{ return {_quoted(known)}[text] || text; }}\n{text}"


def sentences_of(findings: Findings) -> set[str]:
    """What the list of all findings shows of them, besides numbers."""
    return {
        text
        for one in findings.findings
        for text in (one.estimate.method, one.estimate.undefined, one.estimate.caution)
        if text
    }


def _quoted(value: object) -> str:
    """As JavaScript and CSS write it; nothing in it ends the element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
