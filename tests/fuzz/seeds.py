"""Valid files of every kind that xaudit reads, as small as they can be, made by code."""

import io
import json
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from PIL import Image
from safetensors.torch import save as safetensors_bytes

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "reports" / "sample"
DEMO = ROOT / "xaudit" / "pipeline" / "demo_files" / "classification"


def from_yaml(path):
    """A YAML file as JSON, which YAML is too: its tree can be changed."""
    return json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str).encode()


def trimmed(tree):
    """The first two of every long list, the first few of every long object."""
    if isinstance(tree, list):
        return [trimmed(one) for one in tree[: 2 if len(tree) > 4 else 4]]
    if isinstance(tree, dict):
        few = list(tree.items())[:4] if len(tree) > 40 else tree.items()
        return {name: trimmed(one) for name, one in few}
    return tree


def findings():
    content = json.loads((SAMPLE / "findings.json").read_text("utf-8"))
    return json.dumps(trimmed(content)).encode()


def state():
    return {"conv.weight": torch.ones(2, 1, 3, 3), "conv.bias": torch.zeros(2)}


def torch_file(content, **how):
    file = io.BytesIO()
    torch.save(content, file, **how)
    return file.getvalue()


def checkpoints():
    nested = {"epoch": 3, "model": state(), "ema": {"module": state()}, "log": [0.1, 0.2]}
    return torch_file(state()), torch_file(nested)


def old_checkpoints():
    return (torch_file(state(), _use_new_zipfile_serialization=False),)


def safetensors():
    return (safetensors_bytes(state(), {"format": "pt"}),)


def exported_program():
    """What torch.export.save writes of a program that squares its images, as far as it is read."""
    images, squares = ({"as_tensor": {"name": name}} for name in ("images", "mul"))
    sides = [{"as_expr": {"expr_str": "Symbol('s77', positive=True, integer=True)"}}, {"as_int": 4}]
    tree = '[1, {"type": null, "context": null, "children_spec": []}]'
    node = {
        "target": "torch.ops.aten.mul.Tensor",
        "inputs": [{"name": "self", "arg": images, "kind": 1}], "outputs": [squares],
        "metadata": {"nn_module_stack": "L__self__,,networks.Square"}, "name": "mul",
    }  # fmt: skip
    graph = {
        "inputs": [images], "outputs": [squares], "nodes": [node],
        "tensor_values": {"images": {"sizes": sides, "device": {"type": "cpu", "index": None}}},
    }  # fmt: skip
    calls = [{"fqn": "", "signature": {"in_spec": tree, "out_spec": tree, "inputs": []}}]
    module = {
        "graph": graph, "signature": {"input_specs": [{"user_input": {"arg": images}}]},
        "module_call_graph": calls,
    }  # fmt: skip
    weight = {
        "path_name": "weight_0",
        "use_pickle": False,
        "tensor_meta": {"sizes": [{"as_int": 1}]},
    }
    members = {
        "archive_format": b"pt2",
        "models/model.json": {"graph_module": module, "guards_code": [], "torch_version": "2.13.0"},
        "data/weights/model_weights_config.json": {"config": {"weight": weight}},
        "data/weights/weight_0": bytes(4),
        "data/constants/model_constants_config.json": {"config": {}},
        "code/__torch__.py": b"def forward(self): return self",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            archive.writestr(f"program/{name}", raw)
    return (file.getvalue(),)


def image(kind, **how):
    """A gradient with an edge, in gray."""
    pixels = np.add.outer(np.arange(16), np.arange(12)).astype(np.uint8) * 8
    pixels[4:8, 3:9] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **how)
    return file.getvalue()


def images():
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "png": (image("PNG"), image("PNG", exif=exif)),
        "jpeg": (image("JPEG"), image("JPEG", progressive=True, exif=exif),
                 image("JPEG", restart_marker_rows=1)),
        "tiff": (image("TIFF"), image("TIFF", compression="tiff_lzw"),
                 image("TIFF", compression="jpeg"), image("TIFF", compression="tiff_deflate")),
        "other": (image("BMP"), image("GIF"), image("WEBP", lossless=True), image("PPM"),
                  image("JPEG2000")),
    }  # fmt: skip


@cache
def dicom_films():
    """A film as it is, and in each transfer syntax, with tables, a shutter and an overlay."""
    import dicom_files

    pixels = (np.arange(32 * 40) * 3 % 4096).astype(np.uint16).reshape(32, 40)
    shutter = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": ["10", "10"],
               "RadiusOfCircularShutter": "12", "WindowCenter": "900", "WindowWidth": "99",
               "ImagerPixelSpacing": ["0.1", "0.1"], "PatientAge": "045Y"}  # fmt: skip
    made = [_bytes_of(dicom_files.film(pixels, "fuzz", BitsStored=12))]
    for syntax in dicom_files.SYNTAXES:
        ds = dicom_files.film(pixels, "fuzz", BitsStored=12, **shutter)
        ds.VOILUTSequence = dicom_files.table(np.arange(64), bits=8)
        for element, kind, value in ((0x10, "US", 8), (0x11, "US", 8), (0x50, "SS", [1, 1]),
                                     (0x100, "US", 1), (0x3000, "OW", b"\xff" * 8)):  # fmt: skip
            ds.add_new(0x60000000 + element, kind, value)
        made.append(_bytes_of(ds, syntax))
    return tuple(made)


@cache
def dicom_annotations():
    """What may draw on the film: segments, contours, a report, a presentation state."""
    import dicom_files
    from dicom_files import items, uid

    storage, film = "1.2.840.10008.5.1.4.1.1.", {"ReferencedSOPInstanceUID": uid("fuzz")}
    ring = {"GraphicType": "POLYLINE", "GraphicData": [1.0, 1.0, 9.0, 1.0, 9.0, 9.0, 1.0, 1.0],
            "GraphicAnnotationUnits": "PIXEL"}  # fmt: skip
    contour = {"ContourImageSequence": items(film), "ContourGeometricType": "CLOSED_PLANAR",
               "ContourData": [1.0, 1.0, 0.0, 9.0, 1.0, 0.0, 9.0, 9.0, 0.0]}  # fmt: skip
    image = {"ValueType": "IMAGE", "ReferencedSOPSequence": items(film)}
    source = items({"SourceImageSequence": items(film)})
    kinds = {
        "481.3": {"ROIContourSequence": items(
            {"ReferencedROINumber": 1, "ContourSequence": items(contour)})},
        "88.33": {"ContentSequence": items(
            {"ValueType": "SCOORD", "ContentSequence": items(image), **ring})},
        "11.1": {"GraphicAnnotationSequence": items(
            {"GraphicObjectSequence": items(ring), "ReferencedImageSequence": items(film)})},
        "66.4": {"SegmentationType": "BINARY", "SegmentSequence": items({"SegmentNumber": 1}),
                 "PerFrameFunctionalGroupsSequence": items(
                     {"SegmentIdentificationSequence": items({"ReferencedSegmentNumber": 1}),
                      "DerivationImageSequence": source})},
    }  # fmt: skip
    made = []
    for kind, attributes in kinds.items():
        ds = dicom_files.film(np.ones((32, 40), np.uint8), kind, SOPClassUID=storage + kind)
        ds.Modality = "SEG" if kind == "66.4" else "SR"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelData = 1, 1, 0, b"\x0f" * 160
        for key, value in attributes.items():
            setattr(ds, key, value)
        made.append(_bytes_of(ds))
    return tuple(made)


def _bytes_of(ds, syntax="raw"):
    import dicom_files

    if syntax != "raw":
        ds.compress(dicom_files.SYNTAXES[syntax], generate_instance_uid=False)
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def manifest():
    """Every way to outline a lesion that needs no other file."""
    rows = [
        {"id": "1", "image": "a.png", "label": 1, "patient": "p", "site": "A", "age": 4,
         "polygons": [[0, 0, 4, 0, 4, 4], [[0, 0, 4, 0, 4, 4], [5, 5, 9, 5, 9, 7]]],
         "boxes": [[1, 1, 2, 2]], "photometric": "MONOCHROME1", "spacing": "0.15"},
        {"id": "2", "image": "b.png", "label": "no", "patient": "q", "site": "B", "age": None,
         "rle": [{"size": [16, 12], "counts": [3, 2, 187]}]},
        {"id": "3", "image": "c.png", "label": 1, "patient": "q", "site": "B",
         "rle": [{"size": [8, 10], "counts": "35P2"}]},
    ]  # fmt: skip
    return json.dumps(rows).encode()


def manifest_table():
    return (
        b"id,image,label,patient,site,age,boxes,photometric,split,mask\n"
        b'1,a.png,1,p,A,4,"[[1, 1, 2, 2]]",MONOCHROME1,test,\n'
        b"2,b.png,0,q,B,,,,test,\n3,c.png,1,r,B,7.5,,,train,m.png\n"
    )


def annotators_table():
    """Two annotators who disagree on an image that is there."""
    return (
        b"id,image,label,patient,annotator,boxes\n"
        b'1,a.png,1,p,x,"[[1, 1, 2, 2]]"\n1,a.png,1,p,y,"[[2, 1, 2, 2]]"\n'
        b"2,b.png,0,q,x,\n2,b.png,1,q,y,\n"
    )


def fracatlas_table():
    from xaudit.data.formats.fracatlas import COLUMNS

    row = dict.fromkeys(COLUMNS, 0) | {"hand": 1, "frontal": 1}
    rows = [row | {"image_id": "f.jpg", "fractured": 1, "fracture_count": 1},
            row | {"image_id": "n.jpg"}]  # fmt: skip
    lines = [",".join(COLUMNS), *(",".join(str(one[name]) for name in COLUMNS) for one in rows)]
    return "\n".join(lines).encode()


def coco():
    images = [{"id": 1, "file_name": "f.jpg", "width": 12, "height": 16}]
    annotations = [{"id": 1, "image_id": 1, "segmentation": [[2, 2, 9, 2, 9, 9]],
                    "bbox": [2, 2, 7, 7], "area": 24.5, "iscrowd": 0}]  # fmt: skip
    return json.dumps({"images": images, "annotations": annotations}).encode()


def onnx_models():
    """Two small graphs: values in the file, and values in a file beside it."""
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((2, 3, 3, 3), np.float32), "weight")
    beside = TensorProto()
    beside.CopyFrom(weight)
    beside.ClearField("raw_data")
    beside.data_location = TensorProto.EXTERNAL
    for key, value in {"location": "file.data", "offset": "0", "length": "216"}.items():
        beside.external_data.add(key=key, value=value)
    nodes = [
        helper.make_node("Conv", ["image", "weight"], ["maps"]),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Softmax", ["flat"], ["classes"]),
    ]
    shapes = {"image": ["n", 3, 16, 12], "classes": ["n", 2]}
    image, classes = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    )
    opset = helper.make_opsetid("", 17)
    models = []
    for values in (weight, beside):
        graph = helper.make_graph(nodes, "small", [image], [classes], [values])
        models.append(helper.make_model(graph, opset_imports=[opset], ir_version=8))
    helper.set_model_props(models[0], {"standardization_mean": "[0.1]"})
    return tuple(one.SerializeToString() for one in models)


def onnx():
    """The outline of a ModelProto: ir_version, producer, graph, opset."""
    return b"\x08\x08\x12\x07pytorch\x3a\x06\x0a\x04\x22\x02ab\x42\x04\x0a\x00\x10\x11"


def frozen_graph():
    return b"\x0a\x08\x0a\x01x\x12\x03Add\x22\x02\x08\x01"


def hdf5():
    return b"\x89HDF\r\n\x1a\n" + bytes(40) + b"model_config" + bytes(8) + b"layer_names"


def pickled():
    import pickle

    return pickle.dumps({"a": [1, 2.5, "b"], "c": ("d", None)}, protocol=2)


def parquet():
    table = pa.table(
        {
            "case_id": ["a", "b"], "patient": ["p", "q"], "label": [True, False],
            "groups": ['{"site": "A"}', "{}"], "logit": [0.5, None],
            "lesions": pa.array([1, 0], pa.int64()), "form": ["polygon", ""],
            "sampled": [True, False], "issues": ["[]", "[]"], "image_sha256": [None, "0" * 64],
            "fold": pa.array([None, None], pa.string()), "pixel_mm": ["null", "[0.1, 0.1]"],
        }
    )  # fmt: skip
    files = []
    for how in ({}, {"compression": "none"}, {"use_dictionary": False}):
        file = io.BytesIO()
        pq.write_table(table, file, **how)
        files.append(file.getvalue())
    return tuple(files)


def arrays():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(6.0).reshape(2, 3), b=np.zeros((2, 2), bool))
    return (file.getvalue(),)


def keys():
    """A private and a public key, and one of another kind, in PEM."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    def pem(key):
        private = key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        public = key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        return private, public

    first = pem(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    return (*first, *pem(ec.derive_private_key(7, ec.SECP256R1())))


def sidecars():
    timm = {"architecture": "resnet18", "num_classes": 1, "pretrained_cfg": {
        "input_size": [3, 224, 224], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "center"}}  # fmt: skip
    hub = {"image_processor_type": "ViTImageProcessor", "do_resize": True, "do_normalize": True,
           "size": {"height": 224, "width": 224}, "resample": 2, "image_mean": [0.5],
           "image_std": [0.5], "do_rescale": True, "rescale_factor": 1 / 255}  # fmt: skip
    return json.dumps(timm).encode(), json.dumps(hub).encode()


def policy():
    """Every demand, a waiver, thresholds of explanations."""
    rules = [
        {"id": "a", "metric": "auc", "floor": 0.9, "reason": "r"},
        {"id": "b", "metric": "sensitivity", "ceiling": 0.9, "reason": "r",
         "where": {"operating_point": "*", "group": "site", "level": "worst"}},
        {"id": "c", "metric": "auc", "non_inferior": 0.05, "reason": "r"},
        {"id": "d", "metric": "auc", "required": True, "reason": "r"},
    ]  # fmt: skip
    waiver = {"rule": "a", "where": {}, "reason": "r", "owner": "o", "expires": "2027-03-31"}
    content = {"name": "p", "rules": rules, "waivers": [waiver], "multiplicity": "holm"}
    return json.dumps(content).encode()


def ledger():
    import hashlib

    lines, previous = [], "0" * 64
    for plan in ("a", "b"):
        use = {"event": "run", "study": "1" * 64, "plan": plan, "detector": "d 1", "policy": None,
               "result": "pass", "when": "2026-01-01T00:00:00Z", "version": "0.1.0",
               "previous": previous}  # fmt: skip
        text = json.dumps(use, sort_keys=True)
        previous = hashlib.sha256(text.encode()).hexdigest()
        lines.append(json.dumps(use | {"sha256": previous}, sort_keys=True))
    return ("\n".join(lines).encode() + b"\n",)


def interim():
    analysis = {"number": 1, "cases": 10, "fraction": 0.5, "limit": 2.8, "level": 0.99,
            "undecided": ["a"], "when": "2026-01-01T00:00:00Z"}  # fmt: skip
    whole = {"spending": "obrien_fleming", "planned": 2, "of_cases": 20, "made": [analysis]}
    return json.dumps(whole).encode()


@cache
def plan_with_interim():
    plan = json.loads((SAMPLE / "plan.json").read_text("utf-8"))
    plan["shards"] = plan["shards"][:2]
    plan["interim"] = {"spending": "obrien_fleming", "fractions": [0.5, 1.0], "limits": [2.8, 1.98],
                     "shards": [1, 2], "cases": [10, 20]}  # fmt: skip
    return json.dumps(plan).encode()


def signatures():
    statement = {"name": "A", "role": "r", "signed_at": "2026-01-01T00:00:00Z",
                 "files": {"findings.json": "0" * 64}}  # fmt: skip
    return json.dumps([{"statement": statement, "ed25519": "AAAA"}]).encode()


def card():
    from pydantic import TypeAdapter

    from xaudit.core.record.finding import Findings
    from xaudit.report.cards.card import build_card
    from xaudit.report.cards.render import render_html

    read = TypeAdapter(Findings).validate_python(json.loads(findings()))
    return render_html(build_card(read, None, {})).encode()


@cache
def of_layout(name, file):
    """A file of a small study in the layout of a data set or an annotation tool."""
    from tempfile import TemporaryDirectory

    from tests.data.layouts import written

    with TemporaryDirectory() as folder:
        return (written(name, folder) / file).read_bytes()
