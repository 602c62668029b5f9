"""Whatever callable an audit file names, it runs only if it is a shipped network or allowed."""

import sys

import pytest
import torch

from xaudit.errors import DetectorError
from xaudit.models.architectures import build_network
from xaudit.models.own_code import SHIPPED, needs_permission, refusal
from xaudit.qualification.catalogue import DEFECTS, SOUND

DEMOS = {
    f"xaudit.models.reference:{name}" for name in ("small_boxes", "small_segmenter", "views_lstm")
}
"""Networks of demos and examples, which no qualification audits."""
CALLABLES = [
    "os:getcwd", "builtins:print", "subprocess:run", "torch.hub:load", "torch:load",
    "torch.nn:Linear", "importlib:import_module", "torchvision.io:read_image",
    "torchvision.models:get_model", "torchvision.models:resnet18", "timm.models:create_model",
    "timm.models:load_checkpoint", "timm:create_model", "timm:hf-hub:org/net",
    "timm:local-dir:/tmp", "torchvision:get_model", "xaudit.audit.store.files:write_text",
    "xaudit.models.reference:pool", "xaudit.models.reference:torch", "xaudit.commands:main",
    "Torchvision:resnet18", " torchvision:resnet18", "torchvision.:resnet18", "evil:factory",
    "xaudit.models.reference:small_cnn ", "xaudit.models.reference:SmallCnn:small_cnn",
]  # fmt: skip


@pytest.mark.parametrize("name", CALLABLES)
def test_no_other_callable_is_built(name):
    loaded = set(sys.modules)
    with pytest.raises(DetectorError) as caught:
        build_network(name, {"x": "y"})
    assert "--allow-code" in str(caught.value) or "has no" in str(caught.value)
    new = {one.partition(".")[0] for one in set(sys.modules) - loaded}
    assert "evil" not in new


def test_nothing_of_a_module_is_run_before_it_is_allowed(tmp_path, monkeypatch):
    (tmp_path / "canary_code.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
        "from xaudit.models.reference import small_cnn as build, small_cnn as other\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for allowed in ((), ("canary_code:other",), ("canary_code",), ("canary_code:*",), ("*",)):
        with pytest.raises(DetectorError, match="--allow-code canary_code:build"):
            build_network("canary_code:build", {}, allowed)
    assert not (tmp_path / "ran").exists()
    assert isinstance(
        build_network("canary_code:build", {}, ["canary_code:build"]), torch.nn.Module
    )
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["torchvision.models:resnet18", "timm.models:resnet18"])
def test_an_allowed_factory_of_a_library_downloads_nothing_either(name):
    with pytest.raises(DetectorError, match=r"detector\.weights is the one source"):
        build_network(name, {"weights": "DEFAULT"}, [name])
    with pytest.raises(DetectorError, match=r"detector\.weights is the one source"):
        build_network(name, {"pretrained": True}, [name])


def test_the_networks_of_xaudit_are_those_that_it_audits_itself():
    used = {entry.architecture for entry in (*DEFECTS, *SOUND)}
    assert used == SHIPPED - DEMOS
    assert not any(map(needs_permission, SHIPPED))
    for name in SHIPPED:
        assert isinstance(build_network(name, {}), torch.nn.Module)


def test_the_refusal_says_what_to_type():
    told = refusal("my nets:build", ())
    assert told.startswith("my nets:build: is not a model of torchvision, timm or xaudit")
    assert "--allow-code 'my nets:build'" in told
    assert refusal("timm:resnet18", ()) is None
