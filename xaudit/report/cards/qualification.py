"""The report of a qualification as a view model, in the look of the card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from xaudit.core.record.policy import Rule
from xaudit.core.record.qualification import Charge, Qualification, Subject, Trial
from xaudit.report.elements.embedded_json import script_json
from xaudit.report.language.translation import foreign, later, told, tr, word
from xaudit.report.view import numbers
from xaudit.report.view.model import MARKS, Answer, Mark, ModelCard, Section, Table

_MODES = {"full": later("Full"), "quick": later("Quick")}


def build_report(result: Qualification) -> ModelCard:
    """What a quality department files: what was planted, what was found, and by which finding."""
    sections = (
        _defects(result),
        _sound(result),
        _rules(result),
        _reading(result),
        _depends(result),
    )
    return ModelCard(
        title=f"xaudit {result.version}",
        subtitle=_scope(result),
        running=f"xaudit {result.version}",
        verdict=MARKS["pass" if result.passed else "fail"],
        verdict_text=_sentence(result),
        verdict_counts="",
        answers=tuple(_answers(result)),
        sections=tuple(
            replace(one, number=str(index)) for index, one in enumerate(sections, start=1)
        ),
        twin=script_json(asdict(result)),
        footer=tr(
            "xaudit {version}, policy {sha256}, {created}",
            version=result.version,
            sha256=result.policy.sha256[:12],
            created=result.created,
        ),
    )


def _scope(result: Qualification) -> str:
    defects, sound = (len(_subjects(result, planted)) for planted in (True, False))
    names = ", ".join(map(str, result.seeds))
    seeds = (
        tr("seed {names}", names=names)
        if len(result.seeds) == 1
        else tr("seeds {names}", names=names)
    )
    return tr(
        "{mode} qualification: {defects} detectors with a planted defect and "
        "{sound} sound ones, on synthetic studies of {patients} patients; {seeds}.",
        mode=tr(_MODES[result.mode]),
        defects=defects,
        sound=sound,
        patients=result.sizes["patients"],
        seeds=seeds,
    )


def _sentence(result: Qualification) -> str:
    missed = sum(not trial.right for trial in _trials(result, planted=True))
    wronged = sum(not trial.right for trial in _trials(result, planted=False))
    if not missed and not wronged:
        return tr("Every planted defect was found, and no sound detector was accused.")
    return tr(
        "{missed} of {planted} planted defects were not found; {wronged} of {sound} sound "
        "detectors were wrongly accused.",
        missed=missed,
        planted=result.found.n,
        wronged=wronged,
        sound=result.accused.n,
    )


def _answers(result: Qualification) -> Iterator[Answer]:
    exact = tr("exact (Clopper-Pearson) 95 % interval over detectors × seeds")
    yield Answer(
        tr("Were planted defects found?"),
        f"{numbers.counts(result.found)}: {numbers.estimate(result.found)}",
        tr("Under the name of what was planted; {exact}.", exact=exact),
    )
    yield Answer(
        tr("Were sound detectors accused?"),
        f"{numbers.counts(result.accused)}: {numbers.estimate(result.accused)}",
        tr("Of anything at all, or not audited; {exact}.", exact=exact),
    )
    released = [trial for trial in _trials(result, planted=True) if trial.verdict == "pass"]
    names = ", ".join(f"{one.subject.title} ({one.seed})" for one in released)
    yield Answer(
        tr("Would a defective one have been released?"),
        names or tr("None: for each of them the gate's verdict was fail or inconclusive."),
    )


def _defects(result: Qualification) -> Section:
    subjects = _subjects(result, planted=True)
    rows = tuple(_defect_row(subject, _of(result, subject)) for subject in subjects)
    table = Table(
        tr("Detectors with a planted defect"),
        (
            tr("Detector"),
            tr("What is wrong"),
            tr("Audited on"),
            tr("Planted"),
            tr("Found"),
            tr("By"),
            tr("Also accused of"),
        ),
        rows,
        marks=tuple(_mark(_of(result, subject)) for subject in subjects),
        note=tr("“By” names the first finding under the planted name, for each seed."),
    )
    return Section(
        "defects",
        "",
        tr("Which planted defects were found?"),
        tr(
            "{counts} audits of a defective detector raised the accusation that was planted.",
            counts=numbers.counts(result.found),
        ),
        tables=(table,),
    )


def _defect_row(subject: Subject, trials: Sequence[Trial]) -> tuple[str, ...]:
    also = {charge.accusation for trial in trials for charge in trial.charges} - {subject.planted}
    return (
        foreign(subject.title),
        told(subject.says),
        subject.study,
        subject.planted or "",
        f"{sum(one.right for one in trials)}/{len(trials)}",
        _found_by(trials),
        ", ".join(sorted(also)) or numbers.NONE,
    )


def _found_by(trials: Sequence[Trial]) -> str:
    """Finding by finding, with the seeds in which it was the first under the planted name."""
    lines: dict[str, list[str]] = {}
    for trial in trials:
        named = trial.named
        if trial.error is not None:
            lines.setdefault(tr("the audit failed"), []).append(f"{trial.seed} {trial.error}")
        elif named:
            lines.setdefault(named[0].finding, []).append(f"{trial.seed} {told(named[0].why)}")
        else:
            lines.setdefault(tr("not found"), []).append(str(trial.seed))
    return ". ".join(f"{finding}: {'; '.join(said)}" for finding, said in lines.items())


def _charge(charge: Charge) -> str:
    return f"{charge.finding}: {told(charge.why)}"


def _sound(result: Qualification) -> Section:
    subjects = _subjects(result, planted=False)
    rows = tuple(_sound_row(subject, _of(result, subject)) for subject in subjects)
    table = Table(
        tr("Sound detectors"),
        (
            tr("Detector"),
            tr("Why it is sound"),
            tr("Audited on"),
            tr("Not accused"),
            tr("Accused of"),
        ),
        rows,
        marks=tuple(_mark(_of(result, subject)) for subject in subjects),
    )
    return Section(
        "sound",
        "",
        tr("Which sound detectors were accused?"),
        tr(
            "{counts} audits of a sound detector accused it of something. A rule that "
            "is inconclusive accuses of nothing: these few cases do not decide it.",
            counts=numbers.counts(result.accused),
        ),
        tables=(table,),
    )


def _sound_row(subject: Subject, trials: Sequence[Trial]) -> tuple[str, ...]:
    said = [f"{trial.seed}: {_charge(charge)}" for trial in trials for charge in trial.charges]
    said += [
        tr("{seed}: the audit failed: {error}", seed=trial.seed, error=trial.error)
        for trial in trials
        if trial.error
    ]
    right = f"{sum(trial.right for trial in trials)}/{len(trials)}"
    accused = "; ".join(said) or numbers.NONE
    return foreign(subject.title), told(subject.says), subject.study, right, accused


def _rules(result: Qualification) -> Section:
    rows = tuple(_rule_row(rule) for rule in result.policy.rules)
    table = Table(
        tr("Policy “{name}”", name=result.policy.name),
        (tr("Rule"), tr("Metric"), tr("Where"), tr("Bound"), tr("Why")),
        rows,
    )
    return Section(
        "rules",
        "",
        tr("How is a detector accused?"),
        tr(
            "By the gate: a rule accuses of what its name begins with where it fails, "
            "that is where even the better limit of the 95 % interval is beyond the "
            "bound. Maps that are not shown to be about the model accuse of "
            "“explanation”, a suspicion that something is not as it was declared of "
            "“declaration”."
        ),
        tables=(table,),
    )


def _rule_row(rule: Rule) -> tuple[str, ...]:
    where = ", ".join(f"{key} = {value}" for key, value in sorted(rule.where.items()))
    name, value = (
        (tr("floor"), rule.floor) if rule.floor is not None else (tr("ceiling"), rule.ceiling)
    )
    bound = f"{name} {numbers.bound(value, 'number')}" if value is not None else numbers.NONE
    return rule.id, rule.metric, where or tr("all cases"), bound, word(rule.reason)


def _reading(result: Qualification) -> Section:
    sizes = ", ".join(f"{word(name)} {value}" for name, value in result.sizes.items())
    return Section(
        "reading",
        "",
        tr("What does this show, and what not?"),
        tr("That this version finds defects of known kinds and sizes on synthetic radiographs."),
        (
            tr(
                "The intervals count every audit of a detector on the study of a seed as "
                "one trial. They say how often these detectors would be judged rightly on "
                "other synthetic studies, not how often an unknown defect of another kind or "
                "size would be found."
            ),
            tr(
                "The synthetic films are no medical images. What is planted is large, so that "
                "the studies can be small ({sizes}); a smaller defect needs more cases.",
                sizes=sizes,
            ),
            tr(
                "Every audit behind this report lies beside it and can be opened: xaudit "
                "card seed-SEED/DETECTOR/audit."
            ),
        ),
        terms=tuple((name, told(said)) for name, said in result.studies.items()),
    )


def _depends(result: Qualification) -> Section:
    facts = {tr("policy SHA-256"): result.policy.sha256, **result.provenance}
    return Section(
        "provenance", "", tr("What do the results depend on?"),
        tr("The same version, seeds and packages give the same accusations."),
        terms=tuple(facts.items()),
    )  # fmt: skip


def _subjects(result: Qualification, planted: bool) -> list[Subject]:
    return list(dict.fromkeys(trial.subject for trial in _trials(result, planted)))


def _trials(result: Qualification, planted: bool) -> list[Trial]:
    return [trial for trial in result.trials if (trial.subject.planted is not None) == planted]


def _of(result: Qualification, subject: Subject) -> list[Trial]:
    return [trial for trial in result.trials if trial.subject == subject]


def _mark(trials: Sequence[Trial]) -> Mark:
    return MARKS["pass" if all(trial.right for trial in trials) else "fail"]
