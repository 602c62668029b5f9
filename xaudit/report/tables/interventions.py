"""Interventions: does the fracture decide? In one sentence, the largest movement by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xaudit.core.estimate import Estimate
from xaudit.report.language.translation import later, told, tr
from xaudit.report.tables import predictions
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup

_THINGS = {
    "border": later("the border of the image"),
    "marks": later("the burnt-in marks"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What interventions say.

    Attributes:
        denied: whether they say that the fracture does not decide, or that something decides more.
        text: one sentence.
        detail: how to read its figures; empty where it has none.
    """

    denied: bool
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something beside the fracture that was erased: what it moves, and the fracture over it."""

    name: str
    effect: Estimate
    advantage: Estimate


def decides(look: Lookup) -> Decision:
    """What moves the logit when it is taken away, the fracture or something else?

    No: the interval of `lesion_advantage` of something lies below 0, or that of
    `lesion_specific_effect` does not lie above 0 anywhere. Yes: all of these intervals lie above
    0, with enough cases. Otherwise it is not shown. All of them are read as a gate reads them.
    """
    if predictions.alone(look.findings):
        return Decision(False, tr(predictions.WHY))
    lesion, things = look.estimate("lesion_specific_effect"), _things(look)
    largest = max(things, key=_size, default=None)
    more = [one for one in things if _below_0(one.advantage)]
    if more:
        return Decision(True, _no(max(more, key=_size), lesion), _detail(things))
    if lesion.value is None:
        return _not_known(lesion, largest)
    if lesion.high is not None and lesion.high <= 0:
        return Decision(True, _nothing(lesion, largest), _detail(things))
    if largest is None or largest.effect.value is None:
        return Decision(False, _only_lesion(lesion), _detail(things))
    sure = _above_0(lesion) and all(_above_0(one.advantage) for one in things)
    text = (_yes if sure else _undecided)(largest, lesion)
    return Decision(False, text, _detail(things))


def largest_beside(look: Lookup) -> tuple[str, Estimate] | None:
    """What beside the fracture moves the logit most when it is erased, and by how much."""
    known = [one for one in _things(look) if one.effect.value is not None]
    found = max(known, key=_size, default=None)
    return (_named(found.name), found.effect) if found else None


def _things(look: Lookup) -> tuple[_Thing, ...]:
    names = dict.fromkeys(
        finding.scope["removed"]
        for finding in look.findings.findings
        if finding.metric == "other_effect"
        and finding.scope.get("removed", "elsewhere") != "elsewhere"
    )
    return tuple(
        _Thing(name, _effect(look, name), look.estimate("lesion_advantage", removed=name))
        for name in names
    )


def _effect(look: Lookup, name: str) -> Estimate:
    beyond = look.estimate("artifact_excess", removed=name)
    return beyond if beyond.value is not None else look.estimate("other_effect", removed=name)


def _size(thing: _Thing) -> float:
    return thing.effect.value if thing.effect.value is not None else float("-inf")


def _above_0(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.low > 0 and estimate.caution is None


def _below_0(estimate: Estimate) -> bool:
    """Also with few cases: what is found against a detector is not kept back."""
    return estimate.high is not None and estimate.high < 0


def _no(thing: _Thing, lesion: Estimate) -> str:
    return tr("No: {figures}.", figures=_thing_first(thing, lesion))


def _undecided(thing: _Thing, lesion: Estimate) -> str:
    return tr("Not shown: {figures}.", figures=_thing_first(thing, lesion))


def _thing_first(thing: _Thing, lesion: Estimate) -> str:
    return tr(
        "erasing {thing} moves the logit by {effect}, erasing the fracture by {lesion} ({cases} "
        "and {lesions} cases)",
        **_of_thing(thing),
        **_of_lesion(lesion),
    )


def _yes(thing: _Thing, lesion: Estimate) -> str:
    return tr(
        "Yes, at least in part: erasing the fracture lowers the logit by {lesion}; of all else, "
        "erasing {thing} moves it most, by {effect} ({lesions} and {cases} cases).",
        **_of_thing(thing),
        **_of_lesion(lesion),
    )


def _nothing(lesion: Estimate, largest: _Thing | None) -> str:
    if largest is not None and largest.effect.value is not None:
        return _no(largest, lesion)
    return tr(
        "No: erasing the fracture lowers the logit by {lesion} ({lesions} cases).",
        **_of_lesion(lesion),
    )


def _only_lesion(lesion: Estimate) -> str:
    return tr(
        "Not shown: nothing but the fracture could be erased in enough cases. Erasing it "
        "lowers the logit by {lesion} ({lesions} cases).",
        **_of_lesion(lesion),
    )


def _not_known(lesion: Estimate, largest: _Thing | None) -> Decision:
    why = tr("Not known: {why}.", why=told(lesion.undefined or ""))
    if largest is None or largest.effect.value is None:
        return Decision(False, why)
    moved = tr("Erasing {thing} moves the logit by {effect} ({cases} cases).", **_of_thing(largest))
    return Decision(False, f"{moved} {why}", _detail((largest,)))


def _detail(things: Sequence[_Thing]) -> str:
    """What the figures are, and which things too few cases have."""
    said = tr("By how much more than the same shape elsewhere; the border has no such place.")
    few = [one for one in things if one.advantage.value is None or one.advantage.caution]
    if not few:
        return said
    names = "; ".join(f"{_named(one.name)}, {_few(one.advantage)}" for one in few)
    return f"{said} {tr('Too few cases for a verdict: {names}.', names=names)}"


def _few(estimate: Estimate) -> str:
    return told(estimate.caution or estimate.undefined or "")


def _of_thing(thing: _Thing) -> dict[str, str]:
    """What the sentences call it, its effect and its cases."""
    return {
        "thing": _named(thing.name),
        "effect": _shown(thing.effect),
        "cases": numbers.whole(thing.effect.n),
    }


def _of_lesion(estimate: Estimate) -> dict[str, str]:
    return {"lesion": _shown(estimate), "lesions": numbers.whole(estimate.n)}


def _shown(estimate: Estimate) -> str:
    return numbers.estimate(estimate, "number")


def _named(name: str) -> str:
    return tr(_THINGS[name]) if name in _THINGS else tr("the artifact “{name}”", name=name)
