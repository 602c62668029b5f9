import pytest
from programs import SIZE, TwoLogits, awake, saved

from xaudit.core.detector import InputSpec
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec

FORMATS = {"dynamic": "pt2", "static": "pt2"}


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The file of a small network saved in a way; made once."""
    folder, made = tmp_path_factory.mktemp("programs"), {}

    def of(kind, how):
        if (kind, how) not in made:
            made[kind, how] = saved(awake(kind), how, folder / f"{kind.__name__}-{how}.pt2")
        return made[kind, how]

    return of


@pytest.fixture
def detector(program):
    """A detector of a saved network."""

    def load(kind, how, path=None, **changes):
        name = FORMATS.get(how, "torchscript")
        output = OutputSpec("two_logits", 1) if kind is TwoLogits else OutputSpec()
        spec = {"arguments": {}, "target_layer": None} | changes
        size = InputSpec(SIZE, SIZE, channels=1, mean=(0.0,), std=(1.0,))
        return load_detector(
            DetectorSpec(
                kind.__name__, "1", f"format:{name}", path or program(kind, how), size, output,
                format=name, **spec,
            )
        )  # fmt: skip

    return load


@pytest.fixture
def expected():
    """Logits and gradients as torch has them, without anything of ours but the head."""

    def of(kind, images):
        network, pixels = awake(kind), images.clone().requires_grad_(True)
        scores = network(pixels)
        logits = scores[:, 1] - scores[:, 0] if scores.shape[1] > 1 else scores[:, 0]
        logits.sum().backward()
        return logits.detach().numpy(), pixels.grad.numpy()

    return of
