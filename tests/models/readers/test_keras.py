"""Models of Keras: the same numbers as Keras, and no code of the file."""

import json
import os

import numpy as np
import pytest
import torch

from xaudit.core.detector import InputSpec
from xaudit.errors import DetectorError
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.engine.inputs import Images
from xaudit.explain.engine.passes import Pass
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.readers.keras import _library, read
from xaudit.models.spec import OF_FORMAT, DetectorSpec

pytestmark = [
    pytest.mark.heavy,  # Keras takes seconds to import
    # Of Keras, where it saves its variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
]
h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def keras():
    before = os.environ.get("KERAS_BACKEND")
    yield _library()
    if before is None:
        del os.environ["KERAS_BACKEND"]


@pytest.fixture(scope="module")
def model(keras):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    made = keras.Sequential(
        [
            layers.Input((32, 24, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.RandomFlip(),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(2),
        ]
    )
    made.layers[4].moving_variance.assign(np.linspace(0.5, 2, 8))
    return made


def saved(model, path):
    model.save(path)
    return path


def as_keras_2(path):
    """The configuration as Keras 2.15 wrote it, depthwise groups among it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            options = layer["config"]
            options["dtype"] = "float32"
            if layer["class_name"] == "InputLayer":
                options["batch_input_shape"] = options.pop("batch_shape")
                options.pop("optional", None)
            if layer["class_name"] == "DepthwiseConv2D":
                options["groups"] = 1
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
    return path


def detector_of(path, **options):
    return load_detector(
        DetectorSpec(
            name="k", version="1", architecture=OF_FORMAT.format("keras"), weights=path,
            input=InputSpec(32, 24, mean=(0.0,), std=(1 / 255,)),
            output=OutputSpec("two_logits", 1), format="keras",
        )
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["m.keras", "m.h5", "old.h5"])
def test_logits_and_gradients_are_those_of_keras(kind, model, tmp_path):
    path = saved(model, tmp_path / kind)
    if kind == "old.h5":
        as_keras_2(path)
    detector = detector_of(path)
    assert detector.capabilities == {"gradients", "features"}
    assert detector.target_layer.grid == (16, 12)
    assert detector.parameter_count == model.count_params()
    images = np.random.default_rng(0).random((3, 1, 32, 24), dtype=np.float32)
    pixels = torch.from_numpy(255 * images).expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    pixels = pixels.contiguous().requires_grad_()
    outputs = model(pixels, training=False)
    expected = outputs[:, 1] - outputs[:, 0]
    evaluator = Evaluator(detector)
    np.testing.assert_allclose(evaluator.logits(images), expected.detach(), atol=1e-5)
    expected.sum().backward()
    gradients = 255 * pixels.grad.sum(dim=3)[:, None]
    np.testing.assert_allclose(evaluator.gradients(images), gradients, rtol=1e-3, atol=1e-5)


def test_features_and_randomized_parameters_are_of_the_network_that_answers(model, tmp_path):
    detector = detector_of(saved(model, tmp_path / "m.keras"))
    assert detector.target_layer.name == "layers.batch_normalization"
    image = np.random.default_rng(0).random((1, 1, 32, 24), dtype=np.float32)
    evaluator = Evaluator(detector)
    (answer,) = evaluator.answer([Pass(Images(image), features=True)])
    # Pooled and read by the last layer alone, so the slope of each map is a weight of that layer.
    slopes = answer.features.gradients[0].sum(axis=(1, 2))
    kernel = np.asarray(model.layers[-1].kernel.value.detach())
    np.testing.assert_allclose(slopes, kernel[:, 1] - kernel[:, 0], atol=1e-5)
    layers = layers_from_top(detector)
    assert layers[0].startswith("network.layers.dense")
    other = evaluator.like(randomized(detector, layers, 7))
    assert abs(other.logits(image) - evaluator.logits(image)) > 1e-3
    assert np.isfinite(other.logits(image)).all()
    top = evaluator.like(randomized(detector, layers[:1], 7))
    (answer,) = top.answer([Pass(Images(image), features=True)])
    assert not np.allclose(answer.features.gradients[0].sum(axis=(1, 2)), slopes, atol=1e-3)


def test_code_in_a_model_is_not_run(keras, tmp_path):
    layers = keras.layers
    made = keras.Sequential([layers.Input((8, 8, 3)), layers.Lambda(lambda x: 2 * x)])
    for name in ("m.keras", "m.h5"):
        with pytest.raises(DetectorError, match=r"holds a (Lambda layer|lambda), which is Python"):
            read(saved(made, tmp_path / name))


def test_classes_that_are_no_layers_of_keras_are_refused(model, tmp_path):
    path = saved(model, tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][3]["config"]["activation"] = {
            "module": "collections", "class_name": "Counter", "config": {},
        }  # fmt: skip
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(DetectorError, match=r"names collections.Counter, no layer of Keras"):
        read(path)


def test_how_a_model_was_trained_is_not_looked_at_nor_built(keras, tmp_path):
    layers = keras.layers
    made = keras.Sequential([layers.Input((8, 8, 3)), layers.GlobalMaxPooling2D(), layers.Dense(2)])

    def own_loss(truth, said):
        return keras.ops.mean(said) * 0

    made.compile(optimizer="adam", loss=own_loss, metrics=["accuracy"])
    made.fit(np.zeros((4, 8, 8, 3), "float32"), np.zeros(4, "int32"), verbose=0)
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = made(images.permute(0, 2, 3, 1), training=False).detach()
    assert torch.equal(read(saved(made, tmp_path / "m.keras"))(images).detach(), expected)


def test_what_is_no_whole_model_is_refused(keras, model, tmp_path):
    weights = tmp_path / "only.weights.h5"
    model.save_weights(weights)
    with pytest.raises(DetectorError, match="with its network, not weights alone"):
        read(weights)
    (tmp_path / "text.keras").write_text("no", "utf-8")
    with pytest.raises(DetectorError, match="expected a Keras model"):
        read(tmp_path / "text.keras")
    several = keras.Model(
        [one := keras.Input((8, 8, 3)), other := keras.Input((2,))],
        keras.layers.Dense(1)(
            keras.layers.concatenate([keras.layers.GlobalAveragePooling2D()(one), other])
        ),
    )
    with pytest.raises(DetectorError, match=r"of one image, .*got inputs of .*8, 8, 3.*2"):
        read(saved(several, tmp_path / "two.keras"))
