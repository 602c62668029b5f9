"""init, check, show and run as a user meets them."""

import re
import shutil

import pytest

from xaudit.pipeline.demo import prepare_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "demo"
    prepare_demo(folder)
    return folder


def test_init_writes_a_file_that_names_what_it_saw(xaudit, demo, tmp_path):
    out = tmp_path / "audit.yaml"
    code, printed, _err = xaudit(
        "init", demo / "study", "--model", demo / "reference_detector.safetensors", "--out", out
    )
    assert code == 0
    assert str(out) in printed
    text = out.read_text(encoding="utf-8")
    assert "manifest.csv" in text
    assert "patient:" in text
    assert "architecture: xaudit.models.reference:small_cnn\n" in text
    assert "channels: 1 " in text
    assert "kind: logit " in text
    assert "device: device.yaml" in text
    device = tmp_path / "device.yaml"
    assert str(device) in printed
    assert "intended_use:" in device.read_text(encoding="utf-8")
    device.write_text("inputs: mine\n", encoding="utf-8")
    assert xaudit("init", demo / "study", "--model", demo / "x", "--out", out)[0] == 2
    assert device.read_text(encoding="utf-8") == "inputs: mine\n"


OPEN = {
    "height": "224", "width": "160", "resize": "letterbox", "interpolation": "area",
    "mean": "[0.35]", "std": "[0.25]", "intensity": "dtype", "pad": "0.0", "probability": "0.5",
    "origin": "fixed", "note": "chosen on a tuning set",
}  # fmt: skip


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_init_cannot_know_is_asked_all_at_once(xaudit, demo, tmp_path, command):
    out = tmp_path / "audit.yaml"
    weights = demo / "reference_detector.safetensors"
    assert xaudit("init", demo / "study", "--model", weights, "--out", out)[0] == 0
    lines = out.read_text(encoding="utf-8").replace("draws: 2000", "draws: 2").splitlines()
    out.write_text("\n".join(lines), encoding="utf-8")
    code, _out, err = xaudit(command, out)
    assert code == 2
    for key in OPEN:
        line = 1 + next(at for at, text in enumerate(lines) if text.strip() == f'{key}: "?"')
        assert re.search(
            rf"audit.yaml:{line}: detector\.[\w.]*{key}: is not answered yet: .*\?", err
        )
    assert "statistics.draws: Input should be greater" in err
    assert err.count("audit.yaml:") == len(OPEN) + 1


@pytest.mark.heavy
def test_with_its_questions_answered_the_first_file_passes_the_check(xaudit, demo, tmp_path):
    out = tmp_path / "audit.yaml"
    weights = demo / "reference_detector.safetensors"
    assert xaudit("init", demo / "study", "--model", weights, "--out", out)[0] == 0
    text = out.read_text(encoding="utf-8")
    for key, answer in OPEN.items():
        text = text.replace(f'{key}: "?"', f"{key}: {answer}")
    assert '"?"' not in text
    for name in ("integrated_gradients", "shap", "lime"):
        text = text.replace(f"    {name}: {{}}\n", "")
    out.write_text(text, encoding="utf-8")
    code, _out, err = xaudit("check", out)
    assert (code, err) == (0, "")


def test_a_module_beside_the_audit_file_is_not_run_and_the_command_is_told(xaudit, demo, tmp_path):
    text = (demo / "audit.yaml").read_text(encoding="utf-8")
    text = text.replace("xaudit.models.reference:small_cnn", "nobodys_models:build")
    text = text.replace("root: study", f"root: {demo / 'study'}")
    text = text.replace("weights: ", f"weights: {demo}/")
    (tmp_path / "audit.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "nobodys_models.py").write_text("raise SystemExit(9)", encoding="utf-8")
    code, _out, err = xaudit("check", tmp_path / "audit.yaml")
    assert code == 2
    told = f"PYTHONPATH={tmp_path} xaudit check {tmp_path}/audit.yaml"
    assert f"{told} --allow-code nobodys_models:build" in err


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("https://example.org/w.pt", "https://example.org/w.pt: is a URL, not a torch checkpoint"),
        ("study", "is a folder that holds .*name the file of weights"),
        ("audit.yaml", "is a text file .*not a torch checkpoint"),
    ],
)
def test_what_is_no_file_of_weights_is_told(xaudit, demo, named, told):
    text = (demo / "audit.yaml").read_text(encoding="utf-8")
    path = demo / "other.yaml"
    path.write_text(text.replace("reference_detector.safetensors", named), encoding="utf-8")
    code, _out, err = xaudit("check", path)
    assert code == 2
    assert re.search(told, err)
    assert "Traceback" not in err


def test_check_lists_every_mistake_at_once(xaudit, demo, tmp_path):
    text = (demo / "audit.yaml").read_text(encoding="utf-8")
    text = text.replace("root: study", f"root: {demo / 'nothing'}")
    text = text.replace("small_cnn", "large_cnn").replace(
        "shap: {samples: 256}", "shap: {evals: 2}"
    )
    text = text.replace("weights: ", f"weights: {demo}/")
    path = tmp_path / "audit.yaml"
    path.write_text(text, encoding="utf-8")
    code, _out, err = xaudit("check", path)
    assert code == 2
    assert "nothing" in err
    assert "large_cnn" in err
    assert "shap.evals: no such parameter" in err
    assert re.search(r"audit.yaml:\d+: detector", err)


@pytest.mark.heavy
def test_check_says_which_texts_of_a_manifest_were_read_as_missing(xaudit, demo, tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    manifest = folder / "study" / "manifest.csv"
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace(",F,", ",null,"), encoding="utf-8")
    code, out, err = xaudit("check", folder / "audit.yaml")
    assert code == 0, err
    said = re.sub(r"\s+", " ", out)
    assert re.search(r"noted read_as_missing: column 'sex': read as missing, \d+ × 'null'", said)
    head, *lines = text.splitlines()
    place = head.split(",").index("patient")
    cells = [line.split(",") for line in lines]
    cells[0][place] = "nan"
    manifest.write_text("\n".join([head, *map(",".join, cells)]), encoding="utf-8")
    code, _out, err = xaudit("check", folder / "audit.yaml")
    assert code == 2
    assert "line 2: patient: expected a patient, got nothing ('nan' is read as missing" in err


@pytest.mark.heavy
def test_check_previews_the_cost(xaudit, demo):
    code, out, err = xaudit("check", demo / "audit.yaml")
    assert code == 0, err
    assert "230 cases, 106 with a fracture" in out
    assert re.search(r"maps: lime\s+45\s+[\d,]+\s+0 ", out)
    # 100 cases in six ways and four severities; twelve cases, four methods.
    assert re.search(r"degrade\s+2,400\s+2,400\s+0 ", out)
    assert re.search(r"check faithfulness\s+12\s+5,388\s+0 ", out)
    assert "resampling area is declared" in out
    assert re.search(r"torch_area: [\d.e-]+ \([\d.e-]+\), \d+ of 16 calls flip at default", out)
    assert re.search(r"about .* on this machine, \d+ MB on disk", out)


@pytest.mark.heavy
def test_limited_run_shows_its_cases(xaudit, demo, tmp_path):
    out = tmp_path / "out"
    code, _out, err = xaudit(
        "run", demo / "audit.yaml", "--out", out, "--limit", "12", "--cases", "2"
    )
    assert code == 0, err
    assert "explained" in err
    code, _printed, err = xaudit("show", out, "no-such-case")
    assert code == 2
    case = re.search(r"explained cases are: ([\w-]+)", err)[1]
    picture = tmp_path / "case.png"
    assert xaudit("show", out, case, "--out", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert xaudit("gate", out)[0] == 4
    assert xaudit("card", out)[0] == 0
    assert (out / "card.html").stat().st_size > 10_000


def test_methods_and_metrics_are_listed(xaudit):
    code, out, _err = xaudit("methods")
    assert code == 0
    assert all(name in out for name in ("gradcam", "integrated_gradients", "shap", "lime"))
    code, out, _err = xaudit("metrics")
    assert code == 0
    assert "lesion_hit_rate" in out
