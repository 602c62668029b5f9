"""What is installed: built, listed, and run from another folder."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_holds_the_package_with_templates_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "xaudit/templates/card.html.j2" in names
    assert "xaudit/templates/tables.js" in names
    assert "xaudit/report/elements/crosswalk.csv" in names
    assert "xaudit/report/language/languages/de.mo" in names
    assert "xaudit/audit/store/version_1.txt" in names
    assert "xaudit/py.typed" in names
    assert "xaudit/pipeline/demo_files/classification/audit.yaml" in names
    assert "xaudit/qualification/policy.yaml" in names
    assert "xaudit/templates/qualification.html.j2" in names
    assert "xaudit/phantom/reference_detector.safetensors" in names
    assert "xaudit/gate/pack_files/release.yaml" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"xaudit"}
    assert "xaudit/cli.py" not in names


def test_installed_wheel_renders_a_card_from_the_root_folder(wheel, tmp_path):
    sample = ROOT / "reports" / "sample"
    venv.create(tmp_path / "v")
    python = tmp_path / "v" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True)
    # Dependencies come from this environment; the package itself must not.
    here = [path for path in sys.path if path.endswith("site-packages")]
    site = next((tmp_path / "v").glob("lib/*/site-packages"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), *here])}
    card = tmp_path / "card.html"
    command = [python, "-m", "xaudit", "card", sample, "--out", card]
    subprocess.run(command, cwd="/", env=environment, check=True, capture_output=True)
    where = [python, "-c", "import xaudit; print(xaudit.__file__)"]
    shown = subprocess.run(where, cwd="/", env=environment, check=True, capture_output=True)
    assert str(tmp_path) in shown.stdout.decode()
    assert card.read_bytes() == (sample / "card.html").read_bytes()
