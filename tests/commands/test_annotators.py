"""Several annotators and types of fracture, from the file to the card."""

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score

from xaudit.audit.store.files import read_findings

NAMES = ("Dr. Zweig", "Dr. Aster", "Dr. Mohn")


@pytest.fixture
def annotated(workspace):
    """The small audit, with three annotators of known skill; the first is reader 3 by name."""
    rng = np.random.default_rng(6)
    study = workspace / "study"
    with (study / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = {name: [] for name in NAMES}
    with (study / "annotators.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "annotator", "kind"])
        writer.writeheader()
        for row in rows:
            truth = row["label"] == "1"
            for name in NAMES:
                label = bool(rng.random() < (0.9 if truth else 0.1))
                said[name].append(label)
                own = {"label": int(label), "annotator": name, "kind": "oblique" if truth else ""}
                masks = row["masks"] if label else ""
                writer.writerow({**row, **own, "masks": masks})
    content = yaml.safe_load((workspace / "audit.yaml").read_text(encoding="utf-8"))
    content["data"] |= {
        "manifest": "annotators.csv", "groups": ["kind"], "types": ["kind"],
        "consensus": {"label": "majority", "lesions": "staple"},
    }  # fmt: skip
    del content["data"]["site"], content["policy"]
    content["explain"] = {
        "cases": 6, "shortcuts": 0, "checks": {"cases": 0}, "methods": {"gradcam": {}},
    }  # fmt: skip
    content["statistics"] |= {"minimum": [1, 2]}
    content["robustness"] = {"cases": 0}
    (workspace / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return workspace, said


def texts_of(folder):
    """Every text that an audit wrote, tables and all."""
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            yield str(pq.read_table(path).to_pylist())
        elif path.is_file():
            yield path.read_bytes().decode("utf-8", "ignore")


@pytest.mark.heavy
def test_from_the_file_to_the_card(annotated, xaudit, tmp_path):
    folder, said = annotated
    out = tmp_path / "out"
    code, _, err = xaudit("run", folder / "audit.yaml", "--out", out)
    assert code == 0, err
    found = {one.id: one.estimate for one in read_findings(out).findings}
    kappa = found["cohen_kappa[annotators=reader 1 and reader 3]"]
    assert kappa.value == pytest.approx(cohen_kappa_score(said["Dr. Aster"], said["Dr. Zweig"]))
    assert found["outline_dice[annotators=reader 1 and reader 2]"].value == 1
    human = found["annotator_mass[annotator=reader 1]"]
    assert (human.value, human.n > 0) == (1, True), "everybody outlines the same"
    own = "mass_by_annotator[analysis=scored,annotator=reader %d,method=%s]"
    assert found[own % (2, "gradcam")].n == found[own % (2, "area_chance")].n
    assert found["auc_of_type[analysis=scored,group=kind,level=oblique]"].n > 20
    code, printed, _ = xaudit("verify", out)
    assert code == 0, printed
    assert xaudit("card", out)[0] == 0
    page = (out / "card.md").read_text(encoding="utf-8")
    for title in ("Do the annotators agree?", "Which fractures does it find?", "reader 3"):
        assert title in page
    assert not [name for name in NAMES for text in texts_of(out) if name in text]


TABLE = """
name: Types
data:
  table: table.csv
  columns: {id: id, patient: id, label: y, score: score}
  groups: {kind: {column: kind}}
  %s
detector:
  format: predictions
  name: drawn
  operating_points: [{name: half, probability: 0.5, origin: fixed}]
statistics: {draws: 200}
"""


def test_a_table_of_predictions_has_types_too(xaudit, tmp_path):
    rng = np.random.default_rng(4)
    lines = ["id,y,score,kind"]
    for number in range(200):
        sick = number % 2
        kind = ("oblique", "hairline")[number % 4 // 2] if sick else ""
        lines.append(f"c{number},{sick},{rng.random() / 2 + 0.3 * sick:.4f},{kind}")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "audit.yaml").write_text(TABLE % "types: [kind]", encoding="utf-8")
    code, _, err = xaudit("run", tmp_path / "audit.yaml", "--out", tmp_path / "out")
    assert code == 0, err
    found = {one.id: one.estimate for one in read_findings(tmp_path / "out").findings}
    area = found["auc_of_type[analysis=scored,group=kind,level=hairline]"]
    assert (area.n, area.value > 0.6) == (150, True)
    assert xaudit("verify", tmp_path / "out")[0] == 0
    subtle = TABLE % "subtlety: {column: kind, levels: [oblique, hairline]}"
    (tmp_path / "audit.yaml").write_text(subtle, encoding="utf-8")
    code, _, err = xaudit("run", tmp_path / "audit.yaml", "--out", tmp_path / "subtle")
    assert code == 0, err
    assert xaudit("verify", tmp_path / "subtle")[0] == 0
    assert xaudit("card", tmp_path / "subtle")[0] == 0
    page = (tmp_path / "subtle" / "card.md").read_text(encoding="utf-8")
    of_levels = page.partition("By subtlety: kind")[2]
    assert 0 < of_levels.index("oblique") < of_levels.index("hairline")
    (tmp_path / "audit.yaml").write_text(TABLE % "types: [type]", encoding="utf-8")
    code, _, err = xaudit("run", tmp_path / "audit.yaml", "--out", tmp_path / "other")
    assert code == 2
    assert "data.types: no group 'type'; there is: kind" in err
