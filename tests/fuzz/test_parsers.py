"""A thousand damaged files for most parsers: a sentence comes out, in time, or what was read.

Which errors are sentences says `xaudit.errors`; anything else would be a traceback. To look for
longer: XAUDIT_FUZZ=20000; to see a single one again: the message names its seed.
"""

import json
import os
import random
import signal
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import mutations
import pytest
import seeds
import yaml

from xaudit.core.grid import Grid
from xaudit.errors import XauditError

COUNT = int(os.environ.get("XAUDIT_FUZZ", "1000"))
FIRST = int(os.environ.get("XAUDIT_FUZZ_FIRST", "0"))
# Of processor time, for one small file.
SECONDS = 5


@dataclass(frozen=True)
class Target:
    """One parser: valid files, how they are damaged, and what reads them."""

    seeds: Callable[[], tuple[bytes, ...]]
    damage: Callable[[bytes, random.Random], bytes]
    read: Callable[[Path], object]
    name: str = "file"
    share: float = 1.0


def _audit_file(path):
    from xaudit.audit.config.boxes_config import read_boxes_config
    from xaudit.audit.config.predictions_config import read_predictions_config, recorded_format
    from xaudit.audit.config.read_config import Overrides, read_config

    recorded = recorded_format(path)
    if recorded is not None:
        read = read_boxes_config if recorded == "boxes" else read_predictions_config
        return read(path, Overrides())
    return read_config(path)


def _policy(path):
    from xaudit.gate.policies.policy import read_policy

    return read_policy(path)


@cache
def _demo_policy():
    return _policy(seeds.DEMO / "policy.yaml")


def _device(path):
    from xaudit.audit.config.device import read_device

    return read_device(path)


@cache
def _spec():
    from xaudit.audit.config.predictions_config import read_predictions_config
    from xaudit.audit.config.read_config import Overrides

    return read_predictions_config(seeds.ROOT / "examples" / "small-predictions.yaml", Overrides())[
        0
    ].spec()


def _predictions(path):
    from dataclasses import replace

    from xaudit.data.predictions.read import read_predictions

    return read_predictions(replace(_spec(), table=path))


def _manifest(path):
    from xaudit.data.formats.manifest import read_manifest
    from xaudit.data.spec import DataSpec

    return read_manifest(DataSpec("manifest", path.parent, manifest=Path(path.name)))


def _boxes(path):
    from PIL import Image

    from xaudit.core.case import Case
    from xaudit.data.drawn.read import read_found_boxes
    from xaudit.data.drawn.spec import BoxesSpec
    from xaudit.data.image_file import ImageFile

    root = path.parent
    cases = []
    for name in ("one", "two", *map(str, range(12))):
        image = root / f"{name}.png"
        if not image.exists():
            Image.new("L", (40, 30)).save(image)
        cases.append(Case(name, name, label=True, image=ImageFile(image)))
    return read_found_boxes(BoxesSpec(path), cases)


def _annotators(path):
    from PIL import Image

    from xaudit.data.consensus import Consensus
    from xaudit.data.formats.manifest import read_manifest
    from xaudit.data.spec import DataSpec

    for name in "ab":
        Image.new("L", (10, 8)).save(path.parent / f"{name}.png")
    rule = Consensus("majority", "majority", "exclude")
    spec = DataSpec("manifest", path.parent, manifest=Path(path.name), consensus=rule)
    return read_manifest(spec)


def _fracatlas(path):
    from xaudit.data.formats import fracatlas
    from xaudit.data.spec import DataSpec

    root = path.parents[2] if path.suffix == ".json" else path.parent
    for place, content in (
        (root / fracatlas.TABLE, seeds.fracatlas_table()),
        (root / fracatlas.MASKS, seeds.coco()),
    ):
        if place != path and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return fracatlas.read_fracatlas(DataSpec("fracatlas", root))


def _layout(name, file):
    """What reads a study in a layout of which one file is damaged, and draws what it outlines."""
    from tests.data.layouts import LAYOUTS
    from xaudit.data.format import FORMATS
    from xaudit.data.spec import DataSpec

    write, format, positive = LAYOUTS[name]

    def read(path):
        root = Path(*path.parts[: -len(Path(file).parts)])
        if not (root / "written").exists():
            content = path.read_bytes()
            write(root)
            (root / "written").touch()
            path.write_bytes(content)
        options = {"unannotated": "normal"}
        spec = DataSpec(format, root, positive=tuple(positive), options=options)
        for case in FORMATS[format](spec).cases:
            for lesion in case.lesions:
                with sentences():
                    lesion.rasterize(Grid((64, 48)))

    return read


def _of_layout(name, file, damage):
    return Target(lambda: (seeds.of_layout(name, file),), damage, _layout(name, file), file, 0.3)


def _image(path):
    from xaudit.data.annotations.mask_files import lesions_of
    from xaudit.data.pixels.images import read_header, read_labels, read_upright

    def drawn(one):
        return [lesion.rasterize(Grid((16, 12))) for lesion in lesions_of(one).lesions]

    stretched = partial(read_upright, intensity="minmax")
    for read in (read_header, read_upright, stretched, read_labels, drawn):
        with sentences():
            read(path)


def _dicom(path):
    """A folder with a whole film, and the damaged object beside it."""
    from xaudit.data.spec import DataSpec
    from xaudit.data.study.read import load_study

    whole = path.with_name("whole")
    if not whole.exists():
        whole.write_bytes(seeds.dicom_films()[0])
    options = {"lesions_mean_fracture": True, "lesion_names": ["*"], "contours": "pixels"}
    study = load_study(DataSpec("dicom", path.parent, options=options))
    for case in study.cases:
        for read in (
            case.image.upright,
            partial(case.image.used_range, "dtype"),
            *(partial(one.rasterize, case.image.header().grid) for one in case.lesions),
        ):
            with sentences():
                read()


def _checkpoint(path):
    from xaudit.models.files.checkpoint import read_states

    return read_states(path)


def _program(path):
    """All that is looked at before torch gets a program; torch itself is not for damaged files."""
    from xaudit.models.programs.archive import read_archive
    from xaudit.models.programs.exported import cleaned
    from xaudit.models.programs.script_code import refuse_code_while_loading

    archive = read_archive(path, "a program")
    refuse_code_while_loading(path, archive)
    return cleaned(path, archive).packed()


def _kind(path):
    from xaudit.models.files.file_kinds import checkpoint_format

    return checkpoint_format(path)


def _sidecar(path):
    from xaudit.models.sidecars.read import read_sidecars

    return read_sidecars(path.with_suffix(".pt"))


def _onnx(path):
    from xaudit.audit.starters.model_starter import model_text
    from xaudit.models.files.onnx_outline import files_beside
    from xaudit.models.onnx.file import read_onnx

    path.with_suffix(".data").write_bytes(bytes(216))
    files_beside(path)
    yaml.safe_load("detector:\n" + model_text(path, "onnx"))
    return read_onnx(path)


def _findings(path):
    from xaudit.audit.store.files import read_findings
    from xaudit.gate.judging.verdict import judge
    from xaudit.report.elements.embedded_json import twin

    found = read_findings(path.parent)
    twin(found, None)
    return judge(_demo_policy(), found, None)


def _verdict(path):
    from xaudit.audit.store.files import read_json
    from xaudit.core.record.policy import Verdict
    from xaudit.gate.outputs.document import verdict_json
    from xaudit.gate.outputs.github import github_commands
    from xaudit.gate.outputs.junit import junit_xml
    from xaudit.gate.outputs.sarif import sarif_json
    from xaudit.gate.outputs.summary import summary_markdown
    from xaudit.gate.outputs.table import verdict_table

    found = read_json(path, Verdict)
    texts = (verdict_json(found), junit_xml(found), sarif_json(found, "p"), summary_markdown(found))
    for text in (*texts, *github_commands(found, "p")):
        text.encode()
    return verdict_table(found)


def _hashes(path):
    from xaudit.audit.store.hashes import changed_files, refuse_changed

    (path.parent / "findings.json").touch()
    with sentences():
        refuse_changed(path.parent, ("*",))
    return list(changed_files(path.parent))


def _ledger(path):
    from xaudit.provenance.ledger import Use, append_use, read_ledger

    with sentences():
        append_use(path, Use("run", "1" * 64, "2" * 64, "d 1", None, "pass"))
    return read_ledger(path)


def _plan(path):
    from xaudit.audit.store.record import read_record

    return read_record(path.parent)


def _interim(path):
    (path.parent / "plan.json").write_bytes(seeds.plan_with_interim())
    return _plan(path)


def _signature(path):
    from xaudit.provenance.signature import signature_differences

    folder = path.parent
    (folder / "findings.json").touch()
    (folder / "key.pem").write_bytes(seeds.keys()[1])
    return list(signature_differences(folder, folder / "key.pem"))


def _key(path):
    from xaudit.provenance.signature import sign, signature_differences

    folder = path.parent
    (folder / "findings.json").touch()
    # A private key signs and a public one checks; each is refused by the other.
    with sentences():
        sign(folder, path, "A", "r")
    with sentences():
        list(signature_differences(folder, path))


def _shard(path):
    from xaudit.audit.store.store import CaseRow, read_table

    return read_table(path, CaseRow)


def _arrays(path):
    from xaudit.audit.store.store import Store

    store = Store(path.parents[2])
    return dict(store.arrays(0))


def _card(path):
    from xaudit.verify.verify import findings_hash, verify_card

    checks = verify_card(path)
    if not any(one.differences for one in checks):
        findings_hash(path)


def _own(name):
    return lambda: ((seeds.SAMPLE / name).read_bytes(),)


TARGETS = {
    "audit.yaml": Target(
        lambda: (
            seeds.from_yaml(seeds.DEMO / "audit.yaml"),
            (seeds.DEMO / "audit.yaml").read_bytes(),
            seeds.from_yaml(seeds.ROOT / "examples" / "small-predictions.yaml"),
            seeds.from_yaml(seeds.ROOT / "examples" / "small-boxes.yaml"),
        ),
        lambda content, rng: (
            mutations.of_json_or_bytes if content[:1] == b"{" else mutations.of_bytes
        )(content, rng),
        _audit_file,
        # A long file of YAML takes ten times as long to parse as most others.
        share=0.4,
    ),
    "policy.yaml": Target(
        lambda: (seeds.policy(), seeds.from_yaml(seeds.DEMO / "policy.yaml")),
        mutations.of_json_or_bytes,
        _policy,
    ),
    "device.yaml": Target(
        lambda: (seeds.from_yaml(seeds.DEMO / "device.yaml"),),
        mutations.of_json_or_bytes,
        _device,
    ),
    "predictions.csv": Target(
        lambda: (
            b"\n".join(
                (seeds.ROOT / "examples" / "small-predictions.csv").read_bytes().split(b"\n")[:21]
            ),
        ),
        mutations.of_table,
        _predictions,
    ),
    "boxes.json": Target(
        lambda: ((seeds.ROOT / "examples" / "small-boxes.json").read_bytes(),),
        mutations.of_json_or_bytes,
        _boxes,
        "boxes.json",
    ),
    "boxes.csv": Target(
        lambda: (b"image,left,top,width,height,score\none,1,2,3,4,0.5\ntwo,,,,,\n",),
        mutations.of_table,
        _boxes,
        "boxes.csv",
    ),
    "boxes of YOLO": Target(
        lambda: (b"0 0.5 0.5 0.2 0.2 0.9\n0 0.1 0.1 0.2 0.2 0.5\n",),
        mutations.of_bytes,
        lambda path: _boxes(path.parent),
        "labels/one.txt",
    ),
    "manifest.csv": Target(lambda: (seeds.manifest_table(),), mutations.of_table, _manifest),
    "annotators": Target(lambda: (seeds.annotators_table(),), mutations.of_table, _annotators),
    "manifest.json": Target(
        lambda: (seeds.manifest(),), mutations.of_json_or_bytes, _manifest, "manifest.json"
    ),
    "fracatlas table": Target(
        lambda: (seeds.fracatlas_table(),), mutations.of_table, _fracatlas, "dataset.csv"
    ),
    "coco masks": Target(
        lambda: (seeds.coco(),),
        mutations.of_json_or_bytes,
        _fracatlas,
        "Annotations/COCO JSON/COCO_fracture_masks.json",
    ),
    "coco": _of_layout("coco", "annotations/instances.json", mutations.of_json_or_bytes),
    "yolo": _of_layout("yolo", "labels/11_b.txt", mutations.of_bytes),
    "yolo names": _of_layout("yolo", "data.yaml", mutations.of_bytes),
    "voc": _of_layout("voc", "Annotations/11_a.xml", mutations.of_bytes),
    "labelme": _of_layout("labelme", "11_a.json", mutations.of_json_or_bytes),
    "label studio": _of_layout("label_studio", "project.json", mutations.of_json_or_bytes),
    "cvat": _of_layout("cvat", "annotations.xml", mutations.of_bytes),
    "via": _of_layout("via", "via_project.json", mutations.of_json_or_bytes),
    "via table": _of_layout("via csv", "via_export.csv", mutations.of_table),
    "supervisely": _of_layout("supervisely", "ds/ann/11_a.png.json", mutations.of_json_or_bytes),
    "kaggle": _of_layout("kaggle_rle", "train.csv", mutations.of_table),
    "mura": _of_layout("mura", "MURA-v1.1/valid_labeled_studies.csv", mutations.of_table),
    "grazpedwri": _of_layout("grazpedwri", "dataset.csv", mutations.of_table),
    "png": Target(lambda: seeds.images()["png"], mutations.of_bytes, _image),
    "jpeg": Target(lambda: seeds.images()["jpeg"], mutations.of_bytes, _image),
    "tiff": Target(lambda: seeds.images()["tiff"], mutations.of_bytes, _image),
    "other images": Target(lambda: seeds.images()["other"], mutations.of_bytes, _image),
    "dicom": Target(seeds.dicom_films, mutations.of_bytes, _dicom, "study/object", share=0.4),
    "dicom annotations": Target(
        seeds.dicom_annotations, mutations.of_bytes, _dicom, "study/object", share=0.4
    ),
    "checkpoint": Target(seeds.checkpoints, mutations.of_zip, _checkpoint),
    "old checkpoint": Target(seeds.old_checkpoints, mutations.of_bytes, _checkpoint),
    "safetensors": Target(seeds.safetensors, mutations.of_safetensors, _checkpoint),
    "program": Target(seeds.exported_program, mutations.of_zip, _program, share=0.2),
    "strangers": Target(
        lambda: (
            seeds.onnx(),
            seeds.frozen_graph(),
            seeds.hdf5(),
            seeds.pickled(),
            *seeds.arrays(),
        ),
        mutations.of_bytes,
        _kind,
    ),
    "onnx": Target(seeds.onnx_models, mutations.of_bytes, _onnx, "file.onnx"),
    "sidecar": Target(seeds.sidecars, mutations.of_json_or_bytes, _sidecar, "file.json"),
    "findings.json": Target(
        lambda: (seeds.findings(),), mutations.of_json_or_bytes, _findings, "findings.json"
    ),
    "verdict.json": Target(_own("verdict.json"), mutations.of_json_or_bytes, _verdict),
    "hashes.json": Target(
        lambda: (json.dumps({"findings.json": "0" * 64, "plan.json": "1" * 64}).encode(),),
        mutations.of_json_or_bytes,
        _hashes,
        "hashes.json",
    ),
    "ledger": Target(seeds.ledger, mutations.of_json_lines, _ledger),
    "plan.json": Target(_own("plan.json"), mutations.of_json_or_bytes, _plan, "plan.json"),
    "interim.json": Target(
        lambda: (seeds.interim(),), mutations.of_json_or_bytes, _interim, "interim.json"
    ),
    "signatures": Target(
        lambda: (seeds.signatures(),), mutations.of_json_or_bytes, _signature, "signatures.json"
    ),
    "keys": Target(seeds.keys, mutations.of_bytes, _key),
    "shard rows": Target(seeds.parquet, mutations.of_bytes, _shard),
    "shard arrays": Target(seeds.arrays, mutations.of_zip, _arrays, "shards/00000/arrays.npz"),
    # Printing a card again takes a hundred times as long as reading anything else.
    "card": Target(lambda: (seeds.card(),), mutations.of_card, _card, "card.html", share=0.02),
}


@contextmanager
def sentences():
    """Refused in a sentence, or read."""
    try:
        yield
    except XauditError as error:
        if not str(error).strip():
            raise AssertionError(f"{type(error).__name__} says nothing") from error


@contextmanager
def in_time():
    """Fail where it takes longer; what loops in Python is stopped."""

    def stop(*_):
        raise TimeoutError(f"over {SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _attempt(target, path, content):
    path.write_bytes(content)
    with sentences(), in_time():
        target.read(path)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_whole_is_read(name, tmp_path):
    """What is damaged below is a file that the parser takes, or the parser is not reached."""
    target = TARGETS[name]
    path = tmp_path / target.name
    path.parent.mkdir(parents=True, exist_ok=True)
    for content in target.seeds():
        path.write_bytes(content)
        if name == "strangers":
            with pytest.raises(XauditError, match="not a torch checkpoint"):
                target.read(path)
        else:
            target.read(path)


@pytest.mark.heavy
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of processor time")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", TARGETS)
def test_damage_ends_in_a_sentence(name, tmp_path):
    target = TARGETS[name]
    valid = target.seeds()
    path = tmp_path / target.name
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in range(FIRST, FIRST + max(1, int(COUNT * target.share))):
        rng = random.Random(f"{name} {number}")
        content = target.damage(valid[number % len(valid)], rng)
        try:
            _attempt(target, path, content)
        except Exception as error:
            pytest.fail(f"{name}, seed {number}: {type(error).__name__}: {error!s:.300}")
