"""An audit of a small drawn table as a user meets it, beside plain computations."""

import csv
import json
import math
import re
import shutil
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from xaudit.core.message import in_english

ROOT = Path(__file__).parents[2]
HALF = {"operating_point": "half"}


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(ROOT / "examples", tmp_path / "examples"))


@pytest.fixture(scope="module")
def rows():
    with (ROOT / "examples" / "small-predictions.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["split"] == "test"]


@pytest.fixture
def audit(xaudit, folder):
    code, _out, err = xaudit("run", folder / "small-predictions.yaml", "--out", folder / "out")
    assert code == 0, err
    return folder / "out"


def finding(audit, metric, **scope):
    found = [
        one["estimate"]
        for one in in_english(json.loads((audit / "findings.json").read_text("utf-8")))["findings"]
        if one["metric"] == metric and one["scope"] == scope
    ]
    assert len(found) == 1, scope
    return found[0]


def test_missing_text_is_a_level_of_its_own_and_check_names_it(xaudit, folder):
    table = folder / "small-predictions.csv"
    text = table.read_text("utf-8")
    table.write_text(text.replace(",M,1", ",NaN,1").replace(",AP,", ",-,"), encoding="utf-8")
    audit = folder / "small-predictions.yaml"
    code, out, err = xaudit("check", audit)
    assert code == 0, err
    said = re.sub(r"\s+", " ", out)
    assert re.search(r"read_as_missing: column 'sex': read as missing, \d+ × 'NaN'", said)
    assert re.search(r"read_as_missing: column 'view': read as missing, \d+ × '-'", said)
    code, _out, err = xaudit("run", audit, "--out", folder / "out")
    assert code == 0, err
    findings = in_english(json.loads((folder / "out" / "findings.json").read_text("utf-8")))
    assert set(findings["study"]["levels"]["sex"]) == {"female", "male", "not recorded"}
    assert xaudit("verify", folder / "out")[0] == 0
    assert xaudit("card", folder / "out")[0] == 0
    assert "read as missing" in (folder / "out" / "card.md").read_text("utf-8")


def test_check_shows_the_table(xaudit, folder):
    code, out, err = xaudit("check", folder / "small-predictions.yaml")
    assert code == 0, err
    assert "366 of 457 cases, 177 with a fracture" in out
    assert "2 without a prediction" in out
    assert "sex × age band: 7 levels" in out
    assert "explanations do not apply" in out
    code, out, _err = xaudit("check", folder / "small-predictions.yaml", "--split", "development")
    assert code == 0
    assert "91 of 457 cases" in out


def test_figures_equal_plain_counts(audit, rows):
    scored = [row for row in rows if row["predicted"] == "1"]
    labels = [row["fracture"] == "1" for row in scored]
    scores = [float(row["score"]) for row in scored]
    area = finding(audit, "auc", analysis="scored")
    assert area["value"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert "clustered" in area["method"]
    girls = [
        (float(row["score"]) > 0.5, row["predicted"] == "1")
        for row in rows
        if row["sex"] == "F" and row["cast"] == "" and row["fracture"] == "1"
    ]
    scope = HALF | {"group": "sex × cast", "level": "female × not recorded"}
    found = finding(audit, "sensitivity", analysis="scored", **scope)
    assert (found["k"], found["n"]) == (
        sum(called for called, _ in girls),
        sum(predicted for _, predicted in girls),
    )
    assert found["clusters"] < found["n"]


def test_levels_add_up_and_what_is_not_recorded_is_one(audit, rows):
    levels = in_english(json.loads((audit / "findings.json").read_text("utf-8")))["study"]["levels"]
    for column, by_level in levels.items():
        assert sum(cases for cases, _ in by_level.values()) == len(rows), column
    empty = sum(row["age"] == "" for row in rows)
    assert levels["age band"]["not recorded"][0] == empty > 0


def test_failed_rows_stay_in_the_denominators(audit, rows):
    content = in_english(json.loads((audit / "findings.json").read_text("utf-8")))
    where = content["accountability"]
    assert (where["listed"], where["excluded"], where["unreadable"]) == (457, 91, 2)
    for metric, wanted in (("sensitivity", "1"), ("specificity", "0")):
        lost = sum(row["predicted"] == "0" and row["fracture"] == wanted for row in rows)
        scored = finding(audit, metric, analysis="scored", **HALF)
        worst = finding(audit, metric, analysis="worst_case", **HALF)
        assert (worst["k"], worst["n"]) == (scored["k"], scored["n"] + lost)
    assert all(math.isfinite(one["estimate"]["value"] or 0) for one in content["findings"])


def test_gate_judges_intersections_and_says_what_does_not_apply(xaudit, audit, tmp_path):
    code, out, err = xaudit("gate", audit)
    assert code == 4, err
    assert "female × under 5" in out.replace("\n", " ")
    policy = tmp_path / "policy.yaml"
    rule = "{id: looks, metric: mass, where: {method: gradcam}, floor: 0.1, reason: r}"
    policy.write_text(f"name: maps\nrules:\n  - {rule}\n", encoding="utf-8")
    code, out, _err = xaudit("gate", audit, "--policy", policy)
    assert code == 4
    assert "not applicable" in re.sub(r"\s+", " ", out)


def test_card_says_not_applicable_and_shows_intersections(xaudit, audit):
    code, _out, err = xaudit("card", audit)
    assert code == 0, err
    card = (audit / "card.md").read_text("utf-8")
    assert card.count("Not applicable: a table of predictions was audited") == 7
    assert "No map was made" not in card
    assert "explained" not in card.split("Glossary")[0].split("Elements addressed")[0]
    assert "not shown to be about" not in card.lower()
    for text in ("By sex × age band", "By age band", "By cast", "female × not recorded"):
        assert text in card
    ages = card.split("By age band", 1)[1]
    assert ages.index("under 5 |") < ages.index("12 and over |")
    assert "(localization)" not in card


def test_a_finished_audit_is_taken_up_and_another_refused(xaudit, folder, audit):
    before = (audit / "findings.json").stat().st_mtime_ns
    again = ("run", folder / "small-predictions.yaml", "--out", audit)
    assert xaudit(*again)[0] == 0
    assert (audit / "findings.json").stat().st_mtime_ns == before
    code, _out, err = xaudit(*again, "--split", "development")
    assert code == 2
    assert "holds another audit" in err


def test_mistakes_name_the_line_of_the_file_or_the_row_of_the_table(xaudit, folder):
    file = folder / "small-predictions.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("score: score", "score: scores", 1), encoding="utf-8")
    code, _out, err = xaudit("check", file)
    assert code == 2
    assert re.search(r"yaml:\d+: data.columns.score: .*did you mean 'score'\?", err)
    file.write_text(text, encoding="utf-8")
    table = folder / "small-predictions.csv"
    table.write_text(table.read_text("utf-8").replace("film-002,", "film-001,"), encoding="utf-8")
    code, _out, err = xaudit("run", file, "--out", folder / "bad")
    assert code == 2
    assert "line 3, column 'film': 'film-001' is in line 2 already" in err
    assert not (folder / "bad").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "format: predictions",
            "format: prediction",
            "got 'prediction'; leave the line out where a network",
        ),
        ("of: [sex, age band, cast]", "of: [sex, age]", "no group ['age']"),
        ("    view: {", "    a × b: {", "a group's name has no ×"),
        ("  score: probability", "  scale: probability", "no such key"),
        ("seed: 1", "max_failed: 0.001", "2 of 366 cases have no score"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(xaudit, folder, old, new, said):
    file = folder / "small-predictions.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, _out, err = xaudit("run", file, "--out", folder / "out")
    assert code in {2, 3}
    assert said in err


def test_options_of_a_detector_do_not_apply(xaudit, folder):
    code, _out, err = xaudit("check", folder / "small-predictions.yaml", "--cases", "3")
    assert code == 2
    assert "do not apply" in err


def test_a_limit_draws_by_label(xaudit, folder):
    out = folder / "limited"
    run = ("run", folder / "small-predictions.yaml", "--out", out, "--limit", "40")
    assert xaudit(*run)[0] == 0
    content = in_english(json.loads((out / "findings.json").read_text("utf-8")))
    assert content["study"]["cases"] == 40
    assert content["study"]["positives"] == round(40 * 177 / 366)
    assert "limited to 40 cases" in content["accountability"]["sample_why"]


def test_schema_of_the_file_is_printed(xaudit):
    code, out, _err = xaudit("schema", "predictions")
    assert code == 0
    assert "intersections" in json.loads(out)["$defs"]["PredictionsDataConfig"]["properties"]


def test_check_counts_what_was_drawn(xaudit):
    code, out, _err = xaudit("check", ROOT / "examples" / "small-boxes.yaml")
    assert code == 0
    assert re.search(r"^boxes +16 on 7 images$", out, re.MULTILINE)
    assert re.search(r"^lesions +6 on 6 images$", out, re.MULTILINE)
