"""The forms that others read, each by its own reader: the Hub's, CycloneDX's schema, pdftotext."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files

import pytest
from huggingface_hub import ModelCard
from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource

from xaudit.core.detector import Taken
from xaudit.errors import InstallError
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import content_hash, render_html
from xaudit.report.exports import pdf
from xaudit.report.exports.cyclonedx import cyclonedx_json
from xaudit.report.exports.huggingface import huggingface_card

TAKEN = {
    "name": "xaudit:weights:taken",
    "value": "state ema; not state_dict; prefix net. taken off; 2 entries left out: aux.weight, "
    "aux.bias",
}
SCHEMAS = ("bom-1.7", "spdx", "jsf-0.82", "cryptography-defs")


@pytest.fixture(scope="module")
def validator():
    folder = files("cyclonedx.schema") / "_res"
    read = [json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text("utf-8"))
            for name in SCHEMAS]  # fmt: skip
    registry = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in read)
    Draft7Validator.check_schema(read[0])
    return Draft7Validator(read[0], registry=registry, format_checker=FormatChecker())


def test_bill_of_materials_follows_its_schema(audit, validator):
    findings = audit[0]
    bom = json.loads(cyclonedx_json(findings))
    assert list(validator.iter_errors(bom)) == []
    bom["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["metrics"] = []
    assert list(validator.iter_errors(bom)), "the schema refuses nothing"


def test_bill_of_materials_holds_every_measured_number(audit):
    findings = audit[0]
    component = json.loads(cyclonedx_json(findings))["metadata"]["component"]
    metrics = component["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    known = [one for one in findings.findings if one.estimate.value is not None]
    assert [float(one["value"]) for one in metrics] == [one.estimate.value for one in known]
    assert [float(one["confidenceInterval"]["lowerBound"]) for one in metrics] == [
        one.estimate.low for one in known
    ]
    assert component["hashes"] == [{"alg": "SHA-256", "content": findings.detector.weights_sha256}]
    assert cyclonedx_json(findings) == cyclonedx_json(findings)


def test_every_export_says_what_was_taken_of_a_checkpoint(audit, validator):
    taken = Taken("ema", "net.", ("aux.weight", "aux.bias"), ("state_dict",))
    findings = replace(audit[0], detector=replace(audit[0].detector, taken=taken))
    bom = json.loads(cyclonedx_json(findings))
    assert list(validator.iter_errors(bom)) == []
    assert TAKEN in bom["metadata"]["component"]["modelCard"]["properties"]
    row = next(one for one in huggingface_card(findings, None).splitlines() if "Taken from" in one)
    assert all(part in row for part in ("ema", "net.", "2 entries left out: aux.weight, aux.bias"))


@pytest.mark.parametrize("taken", [None, Taken()])
def test_the_bill_of_materials_says_nothing_of_a_file_that_was_taken_whole(audit, taken):
    findings = replace(audit[0], detector=replace(audit[0].detector, taken=taken))
    assert "xaudit:weights:taken" not in cyclonedx_json(findings)


def test_predictions_have_no_hash_of_weights(audit, validator):
    device = replace(audit[0].detector, weights_sha256=None, input=None, format="predictions")
    bom = json.loads(cyclonedx_json(replace(audit[0], detector=device)))
    assert list(validator.iter_errors(bom)) == []
    assert "hashes" not in bom["metadata"]["component"]


def test_hub_reads_the_index(audit):
    findings, verdict, _ = audit
    card = ModelCard(huggingface_card(findings, verdict))
    read = {(one.metric_type, one.metric_name): one for one in card.data.eval_results}
    wanted = {"auc": "roc_auc", "sensitivity": "recall", "specificity": "specificity"}
    for metric, kind in wanted.items():
        found = [
            one
            for one in findings.findings
            if one.metric == metric
            and one.scope.get("analysis") == "scored"
            and set(one.scope) <= {"analysis", "operating_point"}
            and one.estimate.value is not None
        ]
        values = {one.metric_value for (name, _), one in read.items() if name == kind}
        assert found
        assert values == {one.estimate.value for one in found}
    assert all(one.dataset_revision == findings.study.sha256 for one in read.values())
    assert all({"low", "high", "interval"} <= set(one.metric_args) for one in read.values())
    assert card.data.tags
    assert "Elements addressed" in card.text


def test_names_from_data_stay_inside_the_header(audit):
    findings = audit[0]
    hostile = replace(findings.detector, name="a: b\n---\n# c", version="")
    card = ModelCard(huggingface_card(replace(findings, detector=hostile), None))
    assert card.data.model_name == "a: b --- # c"
    assert not card.text.lstrip().startswith("# c\n")


def test_without_a_browser_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    with pytest.raises(InstallError, match="apt-get install chromium"):
        pdf.print_pdf(tmp_path / "card.html")


@pytest.mark.browser
def test_pdf_holds_every_section(audit, tmp_path):
    if not shutil.which("chromium") or not shutil.which("pdftotext"):
        pytest.skip("needs chromium and pdftotext (packages chromium, poppler-utils)")
    card = build_card(*audit)
    (tmp_path / "card.html").write_text(render_html(card, whole=True), encoding="utf-8")
    (tmp_path / "card.pdf").write_bytes(pdf.print_pdf(tmp_path / "card.html"))
    command = ["pdftotext", "-layout", str(tmp_path / "card.pdf"), "-"]
    text = " ".join(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    )
    for section in card.sections:
        assert section.title in text


@pytest.mark.browser
@pytest.mark.parametrize(("paper", "size"), [("A4", "594.96 x 841.92"), ("Letter", "612 x 792")])
def test_pdf_is_tagged_and_of_its_paper(minimal, tmp_path, paper, size):
    if not shutil.which("chromium") or not shutil.which("pdfinfo"):
        pytest.skip("needs chromium and pdfinfo (packages chromium, poppler-utils)")
    (tmp_path / "card.html").write_text(render_html(build_card(minimal, None, {})), "utf-8")
    (tmp_path / "card.pdf").write_bytes(pdf.print_pdf(tmp_path / "card.html", pdf.Paper(paper)))
    command = ["pdfinfo", str(tmp_path / "card.pdf")]
    facts = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged: +yes", facts)
    assert re.search(rf"Page size: +{size}", facts)
    assert "BoneNet" in re.search(r"Title: +(.*)", facts)[1]


def test_style_of_a_paper_is_allowed_by_the_policy_of_the_page(minimal):
    page = pdf._on_paper(render_html(build_card(minimal, None, {})), pdf.Paper.letter)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "@page{size:Letter;" in style
    assert f"style-src '{content_hash(style)}'" in page
