"""Verification of a printed card: it is printed once more and compared."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest

from pydantic import TypeAdapter

from xaudit.audit.store.version_1 import recognized, with_names_of_today
from xaudit.core.message import Sentence, in_english
from xaudit.core.record.finding import SCHEMA_VERSION, Findings
from xaudit.core.record.policy import Policy, Verdict
from xaudit.core.record.shared_messages import unshared
from xaudit.core.text.json_text import read_json_text
from xaudit.errors import ConfigError
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_html
from xaudit.report.language.translation import SOURCE, languages, speaking
from xaudit.verify.verify_tree import differences, plain

_TWIN = re.compile(r'<script type="application/json" id="twin">(.*?)</script>', re.DOTALL)
_CASE = re.compile(r'<article class="case" id="case-(\d+)">(.*?)</article>', re.DOTALL)
_IMAGE = re.compile(r'href="data:image/png;base64,([^"]*)"')
_LANGUAGE = re.compile(r'<html lang="([^"]*)">')
_AROUND = 40
_MOST = 12


@dataclass(frozen=True, slots=True)
class Twin:
    """What a card holds for machines."""

    findings: Findings
    verdict: Verdict | None
    uses: Sentence = ""
    unverified: tuple[str, ...] = ()
    older: bool = False


def read_twin(page: str, as_written: bool = False) -> Twin:
    """The record inside a card.

    Args:
        page: the HTML.
        as_written: an older form is not brought to that of today.

    Raises:
        ConfigError: this is no card of an audit.
        ValueError: the record is damaged.
    """
    found = _TWIN.search(page)
    content = read_json_text(found[1], finite=True) if found else None
    if not isinstance(content, dict) or "findings" not in content:
        raise ConfigError("no model card: it holds no record of findings (id “twin”)")
    unverified, messages = content.get("unverified", []), content.get("messages", [])
    if not isinstance(messages, list):
        raise ValueError("messages: expected a list")
    content = unshared(content, messages)
    if not isinstance(unverified, list):
        raise ValueError("unverified: expected a list")
    version = content.get("schema_version", 1)
    if type(version) is not int:
        raise ValueError(f"schema_version: expected a whole number, got {version!r}")
    older = version < SCHEMA_VERSION
    heard = recognized if older and not as_written else None
    findings = TypeAdapter(Findings).validate_python(
        with_names_of_today(content["findings"]), context=heard
    )
    if older and as_written:
        findings = replace(findings, schema_version=1)
    return Twin(
        findings,
        TypeAdapter(Verdict | None).validate_python(
            with_names_of_today(content.get("verdict")), context=heard
        ),
        TypeAdapter(Sentence).validate_python(content.get("uses", ""), context=heard),
        tuple(map(str, unverified)),
        older,
    )


def lone_card_differences(page: str, twin: Twin) -> Iterator[str]:
    """Where a card does not print what its own record says; its pictures are taken as they are."""
    pictures = _pictures(page, twin.findings)
    content = (twin.findings, twin.verdict, pictures, twin.uses, twin.unverified)
    with speaking(language_of(page)):
        card = render_html(build_card(*content), whole=is_whole(page))
    yield from text_differences(page, card, "card")


def language_of(page: str) -> str:
    """The language in which a card is printed; English where it names none that there is."""
    found = _LANGUAGE.search(page)
    return found[1] if found and found[1] in languages() else SOURCE


def is_whole(page: str) -> bool:
    """Whether a card is printed with its appendices."""
    return '<body class="whole">' in page


def twin_differences(page: str, findings: Findings) -> Iterator[str]:
    """Where the record inside a card is not the findings beside it."""
    yield from differences(plain(read_twin(page).findings), plain(findings), "twin")


def text_differences(stated: str, found: str, name: str) -> Iterator[str]:
    """One line for each line of a text that is not the one printed again; the first ones.

    Args:
        stated: as it lies there.
        found: as it is printed again.
        name: of the file.
    """
    lines = enumerate(zip_longest(stated.split("\n"), found.split("\n"), fillvalue=""), start=1)
    unlike = [(number, one, other) for number, (one, other) in lines if one != other]
    for number, one, other in unlike[:_MOST]:
        yield f"{name}, line {number}: {_unlike(one, other)}"
    if len(unlike) > _MOST:
        yield f"{name}: {len(unlike) - _MOST} more lines differ"


def _unlike(one: str, other: str) -> str:
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    # Inside of a picture letters mean nothing: its case and method do.
    before = one[:start]
    if before.rfind("base64,") > before.rfind('"'):
        names = re.findall(r'(?:id|aria-label|data-method)="([^"]+)"', before)
        return f"picture of {names[-1] if names else 'a case'} is another one"
    left = max(0, start - _AROUND)
    return f"“{one[left : start + _AROUND]}”, expected “{other[left : start + _AROUND]}”"


def _pictures(page: str, findings: Findings) -> dict[str, bytes]:
    """File name → PNG, as the page embeds them."""
    found: dict[str, bytes] = {}
    for number, content in _CASE.findall(page):
        if int(number) >= len(findings.gallery):
            continue
        case = findings.gallery[int(number)]
        names = (case.picture, *(map_.picture for map_ in case.maps))
        found |= dict(zip(names, map(_decoded, _IMAGE.findall(content)), strict=False))
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a picture of the card is damaged: {error}") from None


def policy_behind(verdict: Verdict) -> Policy:
    """The policy that a verdict speaks of, put together from its outcomes."""
    rules = tuple({outcome.rule.id: outcome.rule for outcome in verdict.outcomes}.values())
    return Policy(
        verdict.policy,
        rules,
        verdict.policy_sha256,
        verdict.source,
        verdict.waivers,
        verdict.multiplicity,
        verdict.believe,
    )


def verdict_plain(verdict: Verdict) -> Mapping[str, object]:
    """A verdict as JSON would hold it, its sentences in English."""
    content: Mapping[str, object] = in_english(
        TypeAdapter(Verdict).dump_python(verdict, mode="json")
    )
    return content
