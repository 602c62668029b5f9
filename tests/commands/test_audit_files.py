"""init, check, show and run as a user meets them."""

import re
import shutil

import pytest

from xaudit.audit.demo import prepare_demo


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
    assert "the weights fit no torchvision model" in text
    assert "device: device.yaml" in text
    device = tmp_path / "device.yaml"
    assert str(device) in printed
    assert "intended_use:" in device.read_text(encoding="utf-8")
    device.write_text("inputs: mine\n", encoding="utf-8")
    assert xaudit("init", demo / "study", "--model", demo / "x", "--out", out)[0] == 2
    assert device.read_text(encoding="utf-8") == "inputs: mine\n"


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


def test_check_previews_the_cost(xaudit, demo):
    code, out, err = xaudit("check", demo / "audit.yaml")
    assert code == 0, err
    assert "230 cases, 106 with a fracture" in out
    assert re.search(r"lime\s+45\s+256\s+0", out)
    assert re.search(r"about .* on this machine, \d+ MB on disk", out)


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
