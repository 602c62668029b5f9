"""A folder whose files are not those of the run is refused, at every door."""

import shutil
from pathlib import Path

import pytest

from xaudit.audit.gallery.pages import write_pages
from xaudit.audit.store.hashes import CASES, FINDINGS, PICTURES, changed_files, refuse_changed
from xaudit.compare.compare import compare
from xaudit.errors import ConfigError
from xaudit.pipeline.card import write_cards, write_crosswalk
from xaudit.pipeline.judge import judge_audit, judge_named, known_policy, saved_verdict
from xaudit.pytest_plugin import SavedAuditFixture


@pytest.fixture
def audit(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "audit"))


def change(path):
    """One byte more, which means nothing: who can tell."""
    path.write_bytes(path.read_bytes() + b"\n")


def test_what_the_run_wrote_is_taken(audit):
    assert refuse_changed(audit, ("*",)) == ()
    judge_audit(audit)
    write_cards(audit)
    # What was made later is no file of the run.
    assert refuse_changed(audit, PICTURES) == ()


DOORS = {
    "gate": judge_named,
    "judge": judge_audit,
    "dry run": known_policy,
    "card": write_cards,
    "verdict of a card": saved_verdict,
    "crosswalk": lambda folder: write_crosswalk(folder, folder / "crosswalk.csv"),
    "pages": lambda folder: write_pages(folder, folder / "pages"),
    "compare": lambda folder: compare(folder, folder),
    "pytest": lambda folder: SavedAuditFixture(folder).passes(),
}


@pytest.mark.parametrize("door", DOORS)
def test_changed_findings_are_refused_with_both_hashes(audit, door):
    change(audit / "findings.json")
    with pytest.raises(ConfigError) as refused:
        DOORS[door](audit)
    said = str(refused.value)
    assert "findings.json: SHA-256" in said
    assert "hashes.json says" in said
    assert "--unverified" in said
    assert not (audit / "verdict.json").exists()
    assert not (audit / "card.html").exists()


@pytest.mark.parametrize("name", ["plan.json", "hashes.json"])
def test_policy_and_missing_hashes(audit, name):
    """The policy stands in the plan; a run that was killed behind its findings has no hashes."""
    if name == "plan.json":
        change(audit / name)
    else:
        (audit / name).unlink()
    with pytest.raises(ConfigError, match=name):
        judge_audit(audit)
    with pytest.raises(ConfigError, match=name):
        write_cards(audit)


def test_hashes_that_are_no_json_are_no_hashes(audit):
    (audit / "hashes.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="hashes"):
        judge_audit(audit)
    assert refuse_changed(audit, FINDINGS, unverified=True)


def test_interim_analyses_that_were_put_in_are_refused(audit):
    (audit / "interim.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"interim.json: the run did not write it"):
        judge_audit(audit)


def test_a_card_needs_its_pictures_a_verdict_does_not(audit):
    picture = next((audit / "evidence").glob("*.png"))
    picture.write_bytes(picture.read_bytes() + b"\0")
    assert judge_audit(audit).unverified == ()
    with pytest.raises(ConfigError, match=picture.name):
        write_cards(audit)
    picture.unlink()
    with pytest.raises(ConfigError, match="the run wrote it, it is not there"):
        write_cards(audit)


def test_cases_of_both_sides_of_a_comparison(audit, finished):
    table = next((audit / "shards").rglob("cases.parquet"))
    table.write_bytes(table.read_bytes()[:-1] + b"\1")
    assert refuse_changed(audit, CASES, unverified=True)
    with pytest.raises(ConfigError, match=r"cases.parquet: SHA-256"):
        judge_audit(finished, baseline=audit)
    with pytest.raises(ConfigError, match=r"cases.parquet: SHA-256"):
        judge_audit(audit, baseline=finished)


@pytest.mark.parametrize("door", ["gate", "judge", "dry run", "card"])
@pytest.mark.parametrize("name", ["suspicions.json", "shards/00000/scores.parquet"])
def test_of_what_findings_were_made_is_not_exchanged_behind_them(audit, door, name):
    change(audit / name)
    with pytest.raises(ConfigError, match=f"{name}: SHA-256"):
        DOORS[door](audit)
    (told,) = judge_audit(audit, unverified=True).unverified
    assert told.startswith(f"{name}: SHA-256")


def test_suspicions_that_were_put_in_are_refused(audit):
    (audit / "suspicions.json").rename(audit / "kept.json")
    assert judge_audit(audit).unverified == ()
    (audit / "suspicions.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"suspicions.json: SHA-256"):
        judge_audit(audit)


def test_an_audit_that_is_handed_on_without_its_rows_is_judged_by_its_findings(audit):
    expected = judge_audit(audit)
    shutil.rmtree(audit / "shards")
    assert judge_audit(audit) == expected
    with pytest.raises(ConfigError, match="it is not there"):
        judge_audit(audit, baseline=audit)


def test_maps_are_compared_by_verify_alone(audit):
    arrays = next((audit / "shards").rglob("arrays.npz"))
    arrays.write_bytes(arrays.read_bytes() + b"\0")
    assert judge_audit(audit).unverified == ()
    assert [name for name, _ in changed_files(audit)] == [arrays.relative_to(audit).as_posix()]


def test_who_takes_it_as_it_is_reads_so_everywhere(audit):
    change(audit / "findings.json")
    verdict = judge_audit(audit, unverified=True)
    (said,) = verdict.unverified
    assert said.startswith("findings.json: SHA-256 ")
    page = write_cards(audit, unverified=True).read_text("utf-8")
    assert page.count("Not verified: this was made of files that are not those") == 1
    assert "Not verified" in (audit / "card.md").read_text("utf-8")
    assert f"not verified: {said}" in repr(SavedAuditFixture(audit).passes(unverified=True))


def test_a_verdict_that_was_not_verified_is_told_by_a_card_that_is(audit):
    whole = (audit / "findings.json").read_bytes()
    change(audit / "findings.json")
    judge_audit(audit, unverified=True)
    (audit / "findings.json").write_bytes(whole)
    assert "Not verified" in write_cards(audit).read_text("utf-8")


def test_a_folder_that_is_no_audit_is_told_by_its_reader(tmp_path):
    with pytest.raises(ConfigError, match="not found"):
        judge_audit(tmp_path)
