"""Texts without what is personal: ids of cases, dates, names of groups that are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from xaudit.core.message import with_texts
from xaudit.core.record.scrubbed import REMOVED
from xaudit.scrub.groups import ShownNames
from xaudit.scrub.levels import years_only

_GAP = "…"
_PARTS = re.compile(r"([\s,;()\[\]“”„\"'`:]+)")


@dataclass(frozen=True, slots=True)
class TextCleaner:
    """Cleans the texts of an audit.

    Attributes:
        ids: of cases.
        odd: of these, ids that hold spaces or marks, which a sentence is parted by.
        groups: names of levels that a copy must not hold.
        keep_written: texts that persons wrote are kept, without dates and ids.
        seen: texts that persons wrote, as they were cleaned, for the list of what is personal.
    """

    ids: frozenset[str]
    odd: tuple[str, ...]
    groups: frozenset[str]
    keep_written: bool
    seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, ids: Iterable[str], shown: ShownNames, *, keep_written: bool) -> TextCleaner:
        """What must not be in any text of a copy.

        Args:
            ids: of cases.
            shown: which groups are left out or renamed.
            keep_written: see above.
        """
        known = frozenset(ids)
        odd = tuple(sorted((one for one in known if _PARTS.search(one)), key=len, reverse=True))
        named = (level for _, level in (*shown.withheld, *shown.renamed))
        return cls(known, odd, frozenset(named), keep_written)

    def written(self, text: str) -> str:
        """A text that a person wrote, in which anything may stand."""
        if not text:
            return ""
        self.seen.add(text)
        if not self.keep_written:
            return REMOVED
        return years_only(self.without_ids(text))

    def made(self, text: str) -> str:
        """A sentence that the audit made; without it where it names a group that is left out."""
        words = set(_words(text))
        if any(group in words or (" " in group and group in text) for group in self.groups):
            return REMOVED
        return self.without_ids(text)

    def without_ids(self, text: str) -> str:
        """A text with a gap in place of each id of a case."""
        return with_texts(text, self._gapped)

    def _gapped(self, text: str) -> str:
        for one in self.odd:
            text = text.replace(one, _GAP)
        parts = _PARTS.split(text)
        return "".join(_GAP if part.rstrip(".") in self.ids and part else part for part in parts)


def _words(text: str) -> list[str]:
    return [part.rstrip(".") for part in _PARTS.split(text) if part.strip()]
