"""Every scored case, in pieces: what probes of all cases work on."""

from __future__ import annotations

from xaudit.audit.probes.port import Audited, Piece

_AT_ONCE = 32


def pieces_of(audited: Audited, stage: str) -> list[Piece]:
    """Some cases each, in the order of the study; the key is the number of the piece."""
    ids = {row.case_id for row in audited.scored}
    cases = [case for case in audited.plan.study.cases if case.case_id in ids]
    parts = (cases[start : start + _AT_ONCE] for start in range(0, len(cases), _AT_ONCE))
    return [
        Piece(stage, tuple(part), str(number), len(part), len(part))
        for number, part in enumerate(parts)
    ]
