"""An error that a network raises on an image of the study names the case, in one sentence."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.probes import probing
from xaudit.audit.run.named_errors import naming
from xaudit.errors import AuditError, DetectorError, ExitCode
from xaudit.models.reference import SmallCnn
from xaudit.pipeline.conduct import run_audit

CASES = ["a", "b", "c"]
IMAGES = np.zeros((3, 1, 4, 4), dtype=np.float32)
IMAGES[1] = 1


def failing(error):
    def ask(images):
        if images.any():
            raise error
        return images.sum(axis=(1, 2, 3))

    return ask


@pytest.mark.parametrize(
    "error", [KeyError("prior"), RuntimeError("no\nkernel"), RecursionError("too deep")]
)
def test_names_the_case_and_quotes_the_network(error):
    with pytest.raises(DetectorError, match="case b: the network failed: ") as raised:
        naming(failing(error), IMAGES, CASES)
    assert type(error).__name__ in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert raised.value.exit_code == ExitCode.USAGE


def test_a_sentence_that_is_one_already_gets_the_case():
    with pytest.raises(DetectorError, match=r"^case b: the network failed on an input of 3$"):
        naming(failing(DetectorError("the network failed on an input of 3")), IMAGES, CASES)


def test_images_that_fail_together_alone_are_named_together():
    def ask(images):
        if len(images) > 1:
            raise ValueError("one at a time")

    with pytest.raises(DetectorError, match=r"3 images together \(a … c\): .* one at a time"):
        naming(ask, IMAGES, CASES)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("of 3 TiB"), RuntimeError("can't allocate memory: of 3 TiB")]
)
def test_memory_is_not_the_network_s_mistake(error):
    with pytest.raises(AuditError, match=r"case b: the memory does not hold .* of 3 TiB"):
        naming(failing(error), IMAGES, CASES)


def test_what_does_not_fail_is_asked_once():
    calls = []
    assert naming(calls.append, IMAGES, CASES) is None
    assert len(calls) == 1


@pytest.mark.parametrize("error", [RuntimeError("flat"), LookupError("flat"), SystemExit(0)])
@pytest.mark.parametrize("probed", [2, 32])
def test_a_network_that_fails_on_one_case_of_a_study(workspace, monkeypatch, error, probed):
    with (workspace / "study" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    path = workspace / "study" / last["image"]
    with Image.open(path) as image:
        Image.new(image.mode, image.size, 200).save(path)
    forward = SmallCnn.forward

    def flat_fails(self, images):
        middle = images[:, :, 60:160, 40:120].flatten(1)
        if not torch.jit.is_tracing() and bool((middle.std(dim=1) == 0).logical_and(
                middle.mean(dim=1) > 0).any()):  # fmt: skip
            raise error
        return forward(self, images)

    monkeypatch.setattr(SmallCnn, "forward", flat_fails)
    monkeypatch.setattr(probing, "_PROBED", probed)
    monkeypatch.setattr(probing, "_LEAST", 2)
    with pytest.raises(DetectorError, match=f"^case {last['id']}: the network failed.*") as raised:
        run_audit(workspace / "audit.yaml", workspace / "out", Overrides(), None, lambda step: None)
    said = "sys.exit" if isinstance(error, SystemExit) else "flat"
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
