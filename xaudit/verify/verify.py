"""Verification of a saved audit, or of a card: everything is recomputed and compared."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from xaudit.audit.plan.plan import identities
from xaudit.audit.store.files import is_older, read_findings, read_json, read_verdict, sha256_of
from xaudit.audit.store.hashes import HASHES, unlike_written
from xaudit.audit.store.record import PlanRecord, read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.audit.store.version_1 import as_then, without_later
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Policy, Verdict
from xaudit.errors import ConfigError, XauditError
from xaudit.gate.judging.verdict import judge, overall_of
from xaudit.gate.policies.policy import policy_hash
from xaudit.models.files.hashed import weights_sha256
from xaudit.models.files.onnx_outline import files_beside
from xaudit.pipeline.card import pictures_of, render_cards, uses_of
from xaudit.report.language.translation import SOURCE, speaking
from xaudit.report.view.overlays import for_card, overlay_rgba
from xaudit.verify.recompute import AuditOnDisk
from xaudit.verify.verify_card import (
    is_whole,
    language_of,
    lone_card_differences,
    policy_behind,
    read_twin,
    text_differences,
    twin_differences,
    verdict_plain,
)
from xaudit.verify.verify_counts import plain_differences
from xaudit.verify.verify_tree import differences, plain

MADE_ANEW = ("verdict.json", "card.html", "card.md")
"""What is compared with one that is recomputed, whether or not it is under a hash."""
_OLDER = "an xaudit before schema version 2 printed it; print it again by `xaudit card`"
_DAMAGE = (XauditError, ValueError, KeyError, OSError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared.

    Attributes:
        name: what.
        differences: one line for each; empty where nothing differs.
        left_out: why it was not compared; empty where it was.
    """

    name: str
    differences: tuple[str, ...] = ()
    left_out: str = ""


def verify_folder(folder: Path, weights: Path | None = None) -> tuple[Check, ...]:
    """Recompute everything of a finished audit and compare.

    Args:
        folder: of the audit.
        weights: the file of the detector's weights, where it is at hand.

    Raises:
        ConfigError: this is not the folder of a finished audit; the weights cannot be read.
    """
    for name in ("plan.json", "findings.json"):
        if not (folder / name).is_file():
            raise ConfigError(f"{folder / name}: not found; expected a finished audit, or a card")
    audit = _Folder(folder)
    checks = [
        _check("hashes of the files", lambda: unlike_written(folder)),
        _check("plan and policy", audit.plan),
        *_of_cases(audit),
        *audit.verdict(),
        *audit.cards(),
    ]
    return (*checks, weights_check(folder, weights))


def _of_cases(audit: _Folder) -> Iterator[Check]:
    """What is compared case by case; nothing of it can be in a scrubbed copy."""
    try:
        copy = read_findings(audit.path).scrubbed
    except _DAMAGE:
        copy = None
    if copy is not None:
        why = (
            f"this is a scrubbed copy: verify the audit with plan {copy.plan_sha256[:12]}, whose "
            f"{HASHES} has SHA-256 {copy.original}"
        )
        yield Check("per-case results and what was made of them", left_out=why)
        return
    yield _check("per-case results", audit.shards)
    yield _check("findings, recomputed from them", audit.findings)
    yield _check("counts, rates and areas by plain counting", audit.counts)
    yield _check("maps, rendered again", audit.pictures)
    yield Check("radiographs of the gallery", left_out=f"the study is not here; by {HASHES} alone")


def verify_card(path: Path) -> tuple[Check, ...]:
    """Compare what a card prints with the record inside of it.

    Raises:
        ConfigError: the file cannot be read, or is no card.
    """
    page = _read_page(path)
    try:
        twin = read_twin(page)
    except ValueError as error:
        first = str(error).splitlines()[0]
        return (Check("record inside of the card", (f"damaged: {first}",)),)
    printed = "printed numbers, style and script"
    checks = [_check(printed, lambda: lone_card_differences(page, twin))]
    if twin.older:
        checks = [Check(printed, left_out=_OLDER)]
    if twin.verdict is not None:
        policy = policy_behind(twin.verdict)
        checks += _verdict_checks(policy, twin.verdict, twin.findings)
    away = "the audit's folder is not here: whether the record itself is right is not known"
    return (*checks, Check("numbers of the record, pictures", left_out=away))


def _verdict_checks(policy: Policy, stated: Verdict, findings: Findings) -> Iterator[Check]:
    """A verdict beside the findings; with a baseline that is not here, as far as it goes alone."""
    if stated.baseline is None:
        yield _check("verdict", lambda: _judged(policy, stated, findings))
        return
    yield _check(
        "verdict, rules that compare with nothing", lambda: _alone(policy, stated, findings)
    )
    why = f"they compare with the audit “{stated.baseline.audit}”, which is not here"
    yield Check("verdict, the other rules", left_out=why)


def findings_hash(path: Path) -> str:
    """SHA-256 of the findings of a folder or a card: the same for both if they belong together.

    Raises:
        ConfigError: they cannot be read.
        ValueError: the record of the card is damaged.
    """
    if path.is_dir():
        findings = read_findings(path, as_written=True)
    else:
        findings = read_twin(_read_page(path), as_written=True).findings
    return sha256_of(findings, as_then if findings.schema_version == 1 else without_later)


def _read_page(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _check(name: str, compare: Callable[[], Iterator[str]]) -> Check:
    try:
        return Check(name, tuple(compare()))
    except XauditError as error:
        return Check(name, (f"damaged: {error}",))
    except Exception as error:  # what is recomputed from a damaged record raises nearly anything
        return Check(name, (f"damaged: {type(error).__name__}: {error}",))


@dataclass(frozen=True, slots=True)
class _Folder:
    """A finished audit on disk; whatever cannot be read raises when it is asked for."""

    path: Path

    def plan(self) -> Iterator[str]:
        record, facts = self._record(), read_findings(self.path).audit
        hashes = identities(record)
        if record.identity not in hashes:
            yield f"plan.json: its content has the hash {hashes[0]}, it says {record.identity}"
        if facts.plan_sha256 != record.identity:
            yield f"findings.json: about plan {facts.plan_sha256}, plan.json is {record.identity}"
        policy = record.policy
        if policy is None:
            return
        found = policy_hash(policy)
        for name, stated in (("plan.json", policy.sha256), ("findings.json", facts.policy_sha256)):
            if stated != found:
                yield f"{name}: policy SHA-256 {stated}, its rules have {found}"

    def shards(self) -> Iterator[str]:
        store = Store(self.path)
        for number, ids in enumerate(read_record(self.path).shards):
            if not ids:
                # Behind the interim analysis at which the audit stopped.
                continue
            name = f"shards/{number:05d}"
            if not store.done(number):
                yield f"{name}: not there; its {len(ids)} cases cannot be recomputed"
            elif tuple(row.case_id for row in store.read(number).cases) != ids:
                yield f"{name}: its cases are not those of the plan"

    def findings(self) -> Iterator[str]:
        stated = read_findings(self.path)
        yield from differences(plain(stated), plain(self._saved().recompute()), "findings.json")

    def counts(self) -> Iterator[str]:
        saved = self._saved()
        points = saved.points()
        yield from plain_differences(saved.stated.findings, saved.results.cases, points)

    def pictures(self) -> Iterator[str]:
        saved = self._saved()
        if saved.stated.detector.format == "predictions":
            return
        gallery = saved.gallery()
        for case in saved.stated.gallery:
            row = saved.results.by_id[case.case_id]
            for map_ in case.maps:
                values = gallery.values(row, map_.method)
                content = (self.path / "evidence" / map_.picture).read_bytes()
                pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
                if not np.array_equal(pixels, overlay_rgba(for_card(values))):
                    whose = f"the map of {map_.method} for {case.case_id}"
                    yield f"evidence/{map_.picture}: not {whose}"

    def verdict(self) -> Iterator[Check]:
        if not (self.path / "verdict.json").exists():
            return
        try:
            stated = self._verdict()
        except _DAMAGE as error:
            yield Check("verdict", (f"damaged: {error}",))
            return
        planned = self._record().policy
        same = planned is not None and planned.sha256 == stated.policy_sha256
        policy = planned if planned is not None and same else policy_behind(stated)
        yield from _verdict_checks(policy, stated, read_findings(self.path))

    def cards(self) -> Iterator[Check]:
        for number, name in enumerate(("card.html", "card.md")):
            if not (self.path / name).exists():
                continue
            page = _read_page(self.path / name) if name == "card.html" else ""
            if is_older(self.path) and (not page or read_twin(page).older):
                yield Check(name, left_out=_OLDER)
            else:
                yield _check(name, partial(self._card, number, name))

    def _card(self, number: int, name: str) -> Iterator[str]:
        findings, page = read_findings(self.path), _read_page(self.path / name)
        verdict = self._verdict() if (self.path / "verdict.json").exists() else None
        pictures, uses = pictures_of(self.path, findings), uses_of(self.path)
        content = (findings, verdict, pictures, uses, self._unverified())
        with speaking(self._language()):
            again = render_cards(*content, whole=name == "card.html" and is_whole(page))[number]
        if name == "card.html":
            yield from twin_differences(page, findings)
        yield from text_differences(page, again, name)

    def _language(self) -> str:
        """Both cards are written in that of the HTML; Markdown does not say its own."""
        page = self.path / "card.html"
        return language_of(_read_page(page)) if page.exists() else SOURCE

    def _unverified(self) -> tuple[str, ...]:
        """What both cards say of files that did not fit when they were printed."""
        page = self.path / "card.html"
        return read_twin(_read_page(page)).unverified if page.exists() else ()

    def _record(self) -> PlanRecord:
        return read_json(self.path / "plan.json", PlanRecord)

    def _verdict(self) -> Verdict:
        return read_verdict(self.path)

    def _saved(self) -> AuditOnDisk:
        record = read_record(self.path)
        results = Results.load(Store(self.path), record)
        return AuditOnDisk(self.path, record, read_findings(self.path), results)


def _alone(policy: Policy, stated: Verdict, findings: Findings) -> Iterator[str]:
    """A verdict without the outcomes that need the baseline, and what all of them add up to."""
    found = policy_hash(policy)
    if found != stated.policy_sha256:
        yield f"verdict.policy_sha256: {stated.policy_sha256}, its rules have {found}"
    changed = findings.audit.policy_sha256 != found
    if changed != stated.changed_after_run:
        yield f"verdict.changed_after_run: {stated.changed_after_run}, expected {changed}"
    added_up = overall_of(stated.outcomes, stated.suspicions)
    if stated.overall != added_up:
        yield f"verdict.overall: {stated.overall}, expected {added_up}"
    if stated.multiplicity != "none":
        # Holm counts the rules that compare among the others.
        return
    rules = tuple(rule for rule in policy.rules if not rule.needs_baseline)
    kept = tuple(outcome for outcome in stated.outcomes if not outcome.rule.needs_baseline)
    # What was compared above is that of the whole policy.
    part = replace(policy, rules=rules)
    alone = replace(
        stated,
        outcomes=kept,
        overall=overall_of(kept, stated.suspicions),
        baseline=None,
        policy_sha256=policy_hash(part),
        changed_after_run=findings.audit.policy_sha256 != policy_hash(part),
    )
    yield from _judged(part, alone, findings)


def _judged(policy: Policy, stated: Verdict, findings: Findings) -> Iterator[str]:
    """A waiver holds until a day: the verdict must be that of some day since the plan.

    Of files that were not verified the verdict says so, which is not judged again.
    """
    planned = date.fromisoformat(findings.audit.created[:10])
    expiries = [waiver.expires for waiver in stated.waivers]
    days = [datetime.now(UTC).date(), planned, *expiries]
    again = [
        replace(judge(policy, findings, findings.audit.policy_sha256, day),
                unverified=stated.unverified)
        for day in days
    ]  # fmt: skip
    found = [tuple(differences(verdict_plain(stated), verdict_plain(one), "verdict"))
             for one in again]  # fmt: skip
    yield from min(found, key=len)


def weights_check(folder: Path, weights: Path | None) -> Check:
    """Whether a file of weights, with what lies beside it, is the one that was audited.

    Args:
        folder: of the audit.
        weights: the file; None where it is not at hand.

    Raises:
        ConfigError: the weights cannot be read.
    """
    name = "weights"
    if weights is None:
        return Check(name, left_out="not named with --weights")
    try:
        found = weights_sha256(weights)
    except OSError as error:
        raise ConfigError(f"{weights}: cannot be read: {error.strerror}") from None
    try:
        stated = read_findings(folder).detector.weights_sha256
        same = found == stated or found in _of_folds(folder)
        changed = tuple(_changed_beside(folder, weights))
    except XauditError as error:
        return Check(name, (f"damaged: {error}",))
    except Exception as error:  # what is recomputed from a damaged record raises nearly anything
        return Check(name, (f"damaged: {type(error).__name__}: {error}",))
    audited = stated or "a detector that no file identifies"
    if not same:
        return Check(name, (f"{weights.name}: SHA-256 {found}, audited was {audited}",))
    return Check(name, changed)


def _changed_beside(folder: Path, weights: Path) -> Iterator[str]:
    """Files with values of an ONNX model that are others than were audited."""
    known = read_json(folder / "plan.json", PlanRecord).files
    for path in files_beside(weights):
        name, found = path.relative_to(weights.parent).as_posix(), weights_sha256(path)
        audited = [digest for key, digest in known.items() if key.endswith(f", {name}")]
        if found not in audited:
            yield f"{name}: SHA-256 {found}, audited was {' or '.join(audited) or 'none'}"


def _of_folds(folder: Path) -> set[str]:
    """Hashes of the weights of every fold; empty where there is one detector."""
    files = read_json(folder / "plan.json", PlanRecord).files
    return {digest for name, digest in files.items() if name.startswith("weights of fold ")}
