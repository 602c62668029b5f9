"""A release against the last one, as a pipeline runs it, on drawn tables."""

import json
import re
import shutil
from pathlib import Path

import pytest

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.predictions import run_predictions

ROOT = Path(__file__).parents[2]
POLICY = """\
name: against
rules:
  - {id: auc, metric: auc, non_inferior: 0.02, reason: r}
  - {id: sensitivity, metric: sensitivity, superior: 0, reason: r}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """``good`` is the table of the examples; in ``poor`` every fourth score is turned around."""
    folder = tmp_path_factory.mktemp("gate")
    table = (ROOT / "examples" / "small-predictions.csv").read_text("utf-8")
    header, *rows = table.splitlines()
    score, predicted = (header.split(",").index(one) for one in ("score", "predicted"))
    poor = [row.split(",") for row in rows]
    for cells in poor[::4]:
        if cells[predicted] == "1":
            cells[score] = f"{1 - float(cells[score]):.4f}"
    (folder / "good.csv").write_text(table, encoding="utf-8")
    lines = [header, *(",".join(cells) for cells in poor)]
    (folder / "poor.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    text = (ROOT / "examples" / "small-predictions.yaml").read_text("utf-8")
    # Intersections take most of the time and nothing here reads them.
    text = re.sub(r"(?m)^  intersections.*\n", "", text)
    text = text.replace("small-policy.yaml", "policy.yaml") + "statistics: {draws: 200}\n"
    text = re.sub(r"(?m)^statistics:\n(  .*\n)+", "", text)
    for name in ("good", "poor"):
        own = text.replace("small-predictions.csv", f"{name}.csv")
        own = own.replace("name: drawn\n", f"name: {name}\n")
        (folder / f"{name}.yaml").write_text(own, encoding="utf-8")
        run_predictions(folder / f"{name}.yaml", folder / name, Overrides(), None)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "repository"))


def test_exit_codes_of_both_directions_and_of_a_first_run(xaudit, folder):
    good, poor, baseline = folder / "good", folder / "poor", "--baseline"
    assert xaudit("gate", good, baseline, poor)[0] == 0
    assert xaudit("gate", poor, baseline, good)[0] == 1
    code, out, _err = xaudit("gate", good)
    assert code == 4
    assert "this is recorded as a first run" in re.sub(r"\s+", " ", out)
    code, _out, err = xaudit("gate", good, baseline, folder / "nowhere")
    assert code == 2
    assert "not found" in err


def test_other_study_is_refused_with_what_differs(xaudit, folder):
    table = folder / "poor.csv"
    table.write_text(table.read_text("utf-8").replace("film-300,", "film-X,"), encoding="utf-8")
    assert xaudit("run", folder / "poor.yaml", "--out", folder / "other")[0] == 0
    code, _out, err = xaudit("gate", folder / "good", "--baseline", folder / "other")
    assert code == 2
    assert "it lacks 1 case (film-300) of 366" in err


def test_every_output_names_the_baseline(xaudit, folder):
    reports = {kind: folder / f"gate.{kind}" for kind in ("junit", "sarif", "summary", "json")}
    options = [word for kind, path in reports.items() for word in (f"--{kind}", path)]
    code, out, _err = xaudit(
        "gate", folder / "good", "--baseline", folder / "poor", "--github", *options
    )
    assert code == 0
    assert "baseline: poor 1" in out
    for path in reports.values():
        assert "poor 1" in path.read_text("utf-8").replace("&#32;", " "), path
    verdict = json.loads(reports["json"].read_text("utf-8"))
    assert verdict["baseline"]["cases"] == 366
    xaudit("card", folder / "good")
    card = (folder / "good" / "card.md").read_text("utf-8")
    assert "Baseline: poor 1" in card
    assert "not worse than the baseline by 0.02" in card


def test_explain_shows_the_arithmetic_of_a_comparison(xaudit, folder):
    code, out, _err = xaudit(
        "gate", folder / "poor", "--baseline", folder / "good", "--explain", "auc"
    )
    assert code == 1
    assert "pass if its lower limit > -0.02" in out
    assert "clustered DeLong (Obuchowski 1997), paired" in out


def test_ledger_counts_the_uses_of_the_study(xaudit, folder):
    ledger = folder / "ledger.jsonl"
    for name in ("good", "poor", "good"):
        code, _out, err = xaudit(
            "run", folder / f"{name}.yaml", "--out", folder / name, "--ledger", ledger
        )
        assert code == 0
    assert "not used before" in err
    assert xaudit("gate", folder / "good", "--ledger", ledger)[0] == 4
    xaudit("gate", folder / "poor", "--baseline", folder / "good", "--ledger", ledger)
    events = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    assert [one["event"] for one in events] == ["run", "run", "gate", "gate"]
    assert [one["result"] for one in events][2:] == ["inconclusive", "fail"]
    assert len({one["study"] for one in events}) == 1
    xaudit("card", folder / "poor")
    card = (folder / "poor" / "card.md").read_text("utf-8")
    assert "This study was used once before this audit; 2 verdicts on it so far" in card
    xaudit("card", folder / "good")
    assert "not used before this audit" in (folder / "good" / "card.md").read_text("utf-8")


def test_card_without_a_ledger_says_so(xaudit, folder):
    xaudit("card", folder / "good")
    card = (folder / "good" / "card.md").read_text("utf-8")
    assert "no ledger of test-set use was named" in card


def test_ledger_that_was_tampered_with_stops_run_and_gate(xaudit, folder):
    ledger = folder / "ledger.jsonl"
    run = ("run", folder / "good.yaml", "--out", folder / "good", "--ledger", ledger)
    gate = ("gate", folder / "good", "--ledger", ledger)
    assert xaudit(*run)[0] == 0
    assert xaudit(*gate)[0] == 4
    whole = ledger.read_text("utf-8")
    ledger.write_text(whole.replace("inconclusive", "pass"), encoding="utf-8")
    for command in (run, gate):
        code, _out, err = xaudit(*command)
        assert (code, "was changed after it was written" in err) == (2, True)
    ledger.write_text(whole.splitlines(keepends=True)[0], encoding="utf-8")
    code, _out, err = xaudit(*gate)
    assert code == 2
    assert "lines were taken away" in err


def test_policy_command_reads_files_and_packs(xaudit, folder):
    code, out, _err = xaudit("policy", folder / "policy.yaml", "pack:release")
    assert code == 0
    assert "against, 2 rules, SHA-256" in out
    assert "nobody-far-behind: sensitivity_gap ≥ -0.25" in out
    (folder / "policy.yaml").write_text(POLICY.replace("metric: auc", "metric: acu"), "utf-8")
    code, _out, err = xaudit("policy", folder / "policy.yaml", "pack:relase")
    assert code == 2
    assert "policy.yaml:3: rule 'auc': there is no metric 'acu'; did you mean 'auc'" in err
    assert "did you mean 'release'" in err


def test_pack_can_be_fixed_before_the_run(xaudit, folder):
    text = (folder / "good.yaml").read_text("utf-8").replace("policy.yaml", "pack:ci-fast")
    (folder / "packed.yaml").write_text(text, encoding="utf-8")
    assert xaudit("run", folder / "packed.yaml", "--out", folder / "packed")[0] == 0
    code, out, _err = xaudit("gate", folder / "packed", "--strict")
    assert code == 0
    assert "policy ci-fast" in out
    assert xaudit("gate", folder / "packed", "--strict", "--policy", "pack:ci-fast")[0] == 0


def test_policy_of_the_command_line_is_fixed_before_the_run(xaudit, folder):
    other = folder / "other.yaml"
    other.write_text("name: other\nrules:\n  - {id: auc, metric: auc, floor: 0.5}\n", "utf-8")
    for run in ("poor.yaml", "good.yaml"):
        out = folder / f"by-{run}"
        assert xaudit("run", folder / run, "--out", out, "--policy", other)[0] == 0
        code, said, _err = xaudit("gate", out, "--strict", "--policy", other)
        assert (code, "changed after the run" in said) == (0, False)
    code, out, _err = xaudit("gate", folder / "by-good.yaml", "--policy", folder / "policy.yaml")
    assert "changed after the run" in out
    packed = ("--out", folder / "by-pack", "--policy", "pack:ci-fast")
    assert xaudit("run", folder / "good.yaml", *packed)[0] == 0
    assert xaudit("gate", folder / "by-pack", "--strict")[0] == 0


def test_baseline_without_the_profile_that_reads_it_is_refused(xaudit, folder):
    options = ("--out", folder / "x", "--baseline", folder / "poor")
    code, _out, err = xaudit("run", folder / "good.yaml", *options)
    assert code == 2
    assert "name it to `xaudit gate`" in re.sub(r"\s+", " ", err)


def test_waiver_that_was_not_needed_is_on_the_card(xaudit, folder):
    (folder / "waived.yaml").write_text(
        "name: w\nrules:\n  - {id: auc, metric: auc, floor: 0.5}\nwaivers:\n"
        "  - {rule: auc, where: {}, reason: <b>late</b>, owner: me, expires: 2999-01-01}\n",
        encoding="utf-8",
    )
    assert xaudit("gate", folder / "good", "--policy", folder / "waived.yaml")[0] == 0
    xaudit("card", folder / "good")
    card = (folder / "good" / "card.md").read_text("utf-8")
    assert "Waiver: rule auc (every outcome), me until 2999-01-01: &lt;b&gt;late" in card
    assert "<b>late" not in (folder / "good" / "card.html").read_text("utf-8").split("<script")[0]


def test_ci_profile_sizes_the_sample_for_the_policy(xaudit, folder):
    policy = "name: p\nrules:\n  - {id: sens, metric: sensitivity, floor: 0.7}\n"
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    code, out, _err = xaudit("check", folder / "good.yaml", "--profile", "ci")
    assert code == 0
    assert "sample     Sized so that sens" in out
    code, _out, err = xaudit("run", folder / "good.yaml", "--out", folder / "ci", "--profile", "ci")
    assert code == 0, err
    said = re.sub(r"\s+", " ", err)
    assert "Sized so that sens can be decided with 80 % power" in said
    counts = json.loads((folder / "ci" / "findings.json").read_text("utf-8"))["study"]
    assert 60 <= counts["positives"] < 177
    assert xaudit("gate", folder / "ci", "--strict")[0] == 0
    options = ("--profile", "ci", "--limit", "10")
    code, _out, err = xaudit("run", folder / "good.yaml", "--out", folder / "x", *options)
    assert code == 2
    assert "give one of them" in err


@pytest.mark.parametrize("language", ["en", "de"])
def test_card_of_a_verdict_with_a_baseline_verifies_alone(xaudit, folder, language):
    rules = POLICY + "  - {id: floor, metric: auc, floor: 0.6, reason: r}\n"
    (folder / "own.yaml").write_text(rules, encoding="utf-8")
    ledger = folder / "ledger.jsonl"
    options = ("--policy", folder / "own.yaml", "--baseline", folder / "poor", "--ledger", ledger)
    assert xaudit("gate", folder / "good", *options)[0] in {0, 1, 4}
    assert xaudit("card", folder / "good", "--language", language)[0] == 0
    page = folder / "good" / "card.html"
    assert "ledger.jsonl" in page.read_text("utf-8")
    code, out, err = xaudit("verify", page)
    assert code == 0, out
    assert "same: verdict, rules that compare with nothing" in out
    assert "not compared: verdict, the other rules: they compare with the audit" in err
    assert xaudit("verify", folder / "good")[0] == 0
    twin = page.read_text("utf-8")
    # A rule that compares with nothing is judged again, and so is what all add up to.
    start = twin.index('"verdict":{')
    for old, new in (('"floor":0.6', '"floor":0.5'), ('"overall":"pass"', '"overall":"fail"')):
        forged = twin[:start] + twin[start:].replace(old, new, 1)
        assert forged != twin, old
        page.write_text(forged, encoding="utf-8")
        code, out, _err = xaudit("verify", page)
        assert code == 1
        assert "differs: verdict, rules that compare with nothing" in out


def test_changed_findings_are_refused_until_they_are_taken_unverified(xaudit, folder):
    audit = folder / "good"
    text = (audit / "findings.json").read_text("utf-8")
    (audit / "findings.json").write_text(text.replace("0.9", "0.99", 1), encoding="utf-8")
    baseline = ("--baseline", folder / "poor")
    for command in (("gate", audit), ("gate", audit, *baseline), ("gate", audit, "--dry-run"),
                    ("card", audit), ("compare", folder / "poor", audit),
                    ("export", audit, "--format", "cyclonedx"),
                    ("export", audit, "--format", "huggingface")):  # fmt: skip
        code, _out, err = xaudit(*command)
        assert code == 2, command
        said = re.sub(r"\s+", " ", err)
        assert "findings.json: SHA-256" in said
        assert "hashes.json says" in said
        assert "--unverified" in said
    reports = {kind: folder / f"gate.{kind}" for kind in ("junit", "sarif", "summary", "json")}
    options = [word for kind, path in reports.items() for word in (f"--{kind}", path)]
    code, out, _err = xaudit("gate", audit, *baseline, "--unverified", "--github", *options)
    assert code in {0, 1, 4}
    assert "not verified: judged from a file that is not the one that the run wrote" in out
    for path in reports.values():
        text = path.read_text("utf-8").replace("&#46;", ".")
        assert "SHA" in text.partition("verified")[2], path
    page = audit / "card.html"
    for language in ("en", "de"):
        options = ("--unverified", "--language", language)
        assert xaudit("card", audit, *options)[0] == 0
        text = page.read_text("utf-8")
        assert {"en": "Not verified: ", "de": "Nicht geprüft: "}[language] in text
        assert xaudit("verify", page)[0] == 0
    # The folder is not what was audited; its card says what it was printed from.
    code, out, _err = xaudit("verify", audit)
    assert code == 1
    assert "same: card.html" in out
    for form in ("cyclonedx", "huggingface"):
        file = folder / form
        assert xaudit("export", audit, "--format", form, "--out", file, "--unverified")[0] == 0
        assert "verified" in file.read_text("utf-8")
    changes = folder / "changes.html"
    words = ("compare", folder / "poor", audit, "--out", changes, "--unverified")
    assert xaudit(*words)[0] == 0
    assert "Not verified: " in changes.read_text("utf-8")


def test_a_run_that_was_cut_off_behind_its_findings_ends_when_it_is_run_again(xaudit, folder):
    audit = folder / "good"
    before = (audit / "findings.json").read_bytes()
    (audit / "hashes.json").unlink()
    code, _out, err = xaudit("gate", audit)
    assert code == 2
    assert "hashes.json: not there" in err
    # Nor are findings that somebody changed taken for finished.
    (audit / "findings.json").write_bytes(before.replace(b"0.9", b"0.99", 1))
    assert xaudit("run", folder / "good.yaml", "--out", audit)[0] == 0
    assert (audit / "findings.json").read_bytes() == before
    assert xaudit("gate", audit, "--baseline", folder / "poor")[0] == 0
