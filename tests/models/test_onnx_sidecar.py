"""What an ONNX model beside the weights says, and what it does not prove."""

import pytest
from protobuf_fields import field

from xaudit.models.files.onnx_outline import read_outline
from xaudit.models.files.protobuf import kind_of_protobuf
from xaudit.models.sidecars.read import read_sidecars

IMAGE = {
    "Image.BitmapPixelFormat": "Rgb8",
    "Image.ColorSpaceGamma": "SRGB",
    "Image.NominalPixelRange": "Normalized_0_1",
}
DEEPNESS = {
    "standardization_mean": "[0.42, 0.43, 0.41]",
    "standardization_std": "[0.17, 0.16, 0.18]",
}


def node(kind, inputs, output):
    return b"".join([*(field(1, one) for one in inputs), field(2, output), field(4, kind)])


def value(name, shape):
    """A ValueInfoProto: a name, and of its type the shape; a text stands for a free side."""
    sides = b"".join(
        field(1, field(1, one) if isinstance(one, int) else field(2, one)) for one in shape
    )
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sides)))


def model(metadata=(), shape=("batch", 3, 288, 256), nodes=(("Conv", ["image", "w"], "out"),)):
    weights = field(8, "w") + field(9, b"\0" * 3000)
    graph = b"".join(field(1, node(*one)) for one in nodes)
    graph += field(2, "torch") + field(5, weights)
    # Old exporters list the weights among the inputs.
    graph += field(11, value("image", shape)) + field(11, value("w", (8, 3, 3, 3)))
    props = b"".join(
        field(14, field(1, key) + field(2, text)) for key, text in dict(metadata).items()
    )
    return field(1, 8) + field(2, "pytorch") + field(7, graph) + field(8, field(2, 17)) + props


def said(tmp_path, content):
    (tmp_path / "w.onnx").write_bytes(content)
    (found,) = read_sidecars(tmp_path / "w.safetensors")
    assert found.source == "w.onnx"
    return found


def test_the_input_of_the_graph_is_its_size(tmp_path):
    assert said(tmp_path, model()).values == {"channels": 3, "height": 288, "width": 256}
    assert said(tmp_path, model(shape=(1, 1, "h", "w"))).values == {"channels": 1}


@pytest.mark.parametrize(
    ("span", "mean", "std"),
    [("Normalized_0_1", 0, 1), ("Normalized_1_1", 0.5, 0.5), ("NominalRange_0_255", 0, 1 / 255)],
)
def test_the_keys_of_onnx_for_images(tmp_path, span, mean, std):
    found = said(tmp_path, model(IMAGE | {"Image.NominalPixelRange": span}))
    assert (found.values["mean"], found.values["std"]) == ([mean], [std])
    assert (found.values["color"], found.values["intensity"]) == ("rgb", "dtype")
    assert found.remarks == {}


def test_what_is_in_the_graph_is_undone_by_nothing(tmp_path):
    """The range of the file is that of the network: white enters as the declared numbers say."""
    for span, white in (("Normalized_0_1", 1), ("Normalized_1_1", 1), ("NominalRange_0_255", 255)):
        values = said(tmp_path, model(IMAGE | {"Image.NominalPixelRange": span})).values
        assert (1 - values["mean"][0]) / values["std"][0] == pytest.approx(white)


def test_standardization_of_pixels_in_0_to_1(tmp_path):
    found = said(tmp_path, model(DEEPNESS)).values
    assert (found["mean"], found["std"]) == ([0.42, 0.43, 0.41], [0.17, 0.16, 0.18])


@pytest.mark.parametrize(
    ("metadata", "keys", "told"),
    [
        (IMAGE | {"Image.BitmapPixelFormat": "Bgr8"}, ("color",), "bgr8"),
        (IMAGE | {"Image.ColorSpaceGamma": "Linear"}, ("mean", "std", "intensity"), "Linear"),
        (IMAGE | {"Image.NominalPixelRange": "NominalRange_16_235"}, ("mean",), "16_235"),
        (IMAGE | DEEPNESS, ("mean", "std"), "both"),
        ({"mean": "[0.485, 0.456, 0.406]"}, ("mean", "std", "intensity"), "mean [0.485"),
        ({"model_info resize_type": "crop"}, ("resize", "mean"), "resize_type crop"),
        (IMAGE | {"normalize": "True"}, ("mean", "std", "color"), "normalize True"),
        (DEEPNESS | {"standardization_mean": "[123.7]"}, ("mean", "std"), "[0, 1]"),
        ({"standardization_mean": "[0.5]"}, ("mean", "std"), "[0, 1]"),
        (DEEPNESS | {"standardization_std": "[" * 9000}, ("mean", "std"), "[0, 1]"),
    ],
)
def test_what_cannot_be_declared_or_is_not_known_is_told_and_open(tmp_path, metadata, keys, told):
    found = said(tmp_path, model(metadata))
    assert found.values["height"] == 288
    for key in keys:
        assert key not in found.values
        assert told in found.remarks[key]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"nodes": [("Sub", ["image", "m"], "a"), ("Conv", ["a", "w"], "b")]}, "begins with Sub"),
        ({"nodes": [("Conv", ["image", "w"], "a"), ("Add", ["image", "a"], "b")]}, "several"),
        ({"nodes": [("Identity", ["image"], "image")]}, "several layers"),
        ({"shape": (1, 224, 224, 3)}, "1 x 224 x 224 x 3"),
        ({"shape": (1, 784)}, "1 x 784"),
        ({"shape": ()}, "on nothing"),
    ],
)
def test_a_graph_that_prepares_its_image_proves_nothing(tmp_path, change, told):
    found = said(tmp_path, model(IMAGE, **change))
    assert found.values == {}
    for key in ("height", "mean", "std", "resize", "intensity"):
        assert told in found.remarks[key]
    assert "Normalized_0_1" in found.remarks["mean"]


def test_a_layer_that_hands_the_image_on_is_none(tmp_path):
    nodes = [("Identity", ["image"], "same"), ("Conv", ["same", "w"], "out")]
    assert said(tmp_path, model(IMAGE, nodes=nodes)).values["mean"] == [0.0]


def test_every_beginning_of_a_model_is_none(tmp_path):
    whole = model(IMAGE)
    path = tmp_path / "w.onnx"
    path.write_bytes(whole)
    assert kind_of_protobuf(path, whole[:64]).what == "an ONNX model"
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        outline = read_outline(path)
        assert outline is None or outline.shape == (None, 3, 288, 256)
        assert all(one.source == "w.onnx" for one in read_sidecars(tmp_path / "w.pt"))
