"""Small studies, each in the true layout of a data set or an annotation tool.

Six films of 48 x 64 pixels (width x height); three show a lesion, at pixels that are known.
"""

import csv
import json
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 48, 64
BOXES = {
    "11_a": (10, 20, 8, 6),
    "11_b": (4, 8, 10, 12),
    "12_a": (30, 40, 6, 9),
    "13_a": None,
    "14_a": None,
    "14_b": None,
}
"""Name of a film → x, y, width and height of its lesion; the number before "_" is the patient."""
METAL = ("13_a", (5, 5, 4, 3))
"""The one film with a piece of metal, where a tool can say so."""


def film(name, depth=8):
    """A film, bright where its lesion is, so that a small network could find it."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    pixels = rng.integers(40, 90, (HEIGHT, WIDTH))
    if BOXES.get(name):
        x, y, width, height = BOXES[name]
        pixels[y : y + height, x : x + width] += 150
    return (pixels * (257 if depth == 16 else 1)).astype(np.uint16 if depth == 16 else np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def films(folder, suffix=".png", depth=8):
    for name in BOXES:
        save(folder / f"{name}{suffix}", film(name, depth))


def mask(name):
    """Which pixels are lesion."""
    out = np.zeros((HEIGHT, WIDTH), bool)
    if BOXES[name]:
        x, y, width, height = BOXES[name]
        out[y : y + height, x : x + width] = True
    return out


def ring(box):
    x, y, width, height = box
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def points(box):
    flat = ring(box)
    return [list(pair) for pair in zip(flat[::2], flat[1::2], strict=True)]


def drawn(name):
    """Class and box of everything on a film."""
    found = [("fracture", BOXES[name])] if BOXES[name] else []
    return [*found, ("metal", METAL[1])] if name == METAL[0] else found


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def coco(root):
    """Ids of images, categories and annotations begin at 0; a polygon, a text and runs."""
    films(root / "images")
    names = list(BOXES)
    annotations = []
    for number, name in enumerate(names):
        for kind, box in drawn(name):
            annotations.append(
                {
                    "id": len(annotations), "image_id": number, "iscrowd": 0,
                    "category_id": 0 if kind == "fracture" else 1, "bbox": list(box),
                    "segmentation": [ring(box)], "area": box[2] * box[3],
                }
            )  # fmt: skip
    annotations[1]["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": runs(mask(names[1]))}
    annotations[2]["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": packed(mask(names[2]))}
    write(
        root / "annotations" / "instances.json",
        {
            "info": {}, "licenses": [],
            "categories": [{"id": 0, "name": "fracture"}, {"id": 1, "name": "metal"}],
            "images": [
                {"id": number, "file_name": f"{name}.png", "height": HEIGHT, "width": WIDTH}
                for number, name in enumerate(names)
            ],
            "annotations": annotations,
        },
    )  # fmt: skip


def runs(pixels):
    """COCO's run lengths as numbers."""
    flat = pixels.T.ravel()
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8)])))
    ends = np.concatenate([changes, [flat.size]])
    return np.diff(np.concatenate([[0], ends])).tolist()


def packed(pixels):
    from pycocotools import mask as tool

    return tool.encode(np.asfortranarray(pixels.astype(np.uint8)))["counts"].decode()


def yolo_line(kind, box):
    x, y, width, height = box
    numbers = ((x + width / 2) / WIDTH, (y + height / 2) / HEIGHT, width / WIDTH, height / HEIGHT)
    return f"{kind} " + " ".join(f"{one:.8f}" for one in numbers)


def yolo(root):
    films(root / "images")
    for name in BOXES:
        lines = [yolo_line(0 if kind == "fracture" else 1, box) for kind, box in drawn(name)]
        write(root / "labels" / f"{name}.txt", "\n".join(lines))
    flat = [f"{v / (HEIGHT if i % 2 else WIDTH):.8f}" for i, v in enumerate(ring(BOXES["11_b"]))]
    write(root / "labels" / "11_b.txt", "0 " + " ".join(flat) + "\n")
    write(root / "data.yaml", "path: .\ntrain: images\nnc: 2\nnames: [fracture, metal]\n")


def voc(root):
    films(root / "JPEGImages")
    for name in BOXES:
        objects = "".join(
            f"<object><name>{kind}</name><pose>Unspecified</pose><bndbox><xmin>{x}</xmin>"
            f"<ymin>{y}</ymin><xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
            for kind, (x, y, w, h) in drawn(name)
        )
        write(
            root / "Annotations" / f"{name}.xml",
            f"<annotation><folder>x</folder><filename>{name}.png</filename><size><width>{WIDTH}"
            f"</width><height>{HEIGHT}</height><depth>1</depth></size>{objects}</annotation>",
        )


def labelme(root):
    films(root)
    for name, lesion in BOXES.items():
        shapes = [
            {"label": kind, "points": points(box), "group_id": None, "shape_type": "polygon",
             "flags": {}}
            for kind, box in drawn(name)
        ]  # fmt: skip
        if name == "11_b":
            x, y, width, height = lesion
            corners = [[x + width, y + height], [x, y]]
            shapes[0] |= {"shape_type": "rectangle", "points": corners}
        write(
            root / f"{name}.json",
            {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": f"{name}.png",
             "imageData": None, "imageHeight": HEIGHT, "imageWidth": WIDTH},
        )  # fmt: skip


def percent(box):
    x, y, width, height = box
    return {"x": 100 * x / WIDTH, "y": 100 * y / HEIGHT, "width": 100 * width / WIDTH,
            "height": 100 * height / HEIGHT, "rotation": 0}  # fmt: skip


def label_studio(root):
    """Files that were uploaded have a prefix; the last lesion is a brush, one task a polygon."""
    films(root / "images")
    tasks = []
    for number, name in enumerate(BOXES):
        results = []
        for kind, box in drawn(name):
            value, tool = percent(box) | {"rectanglelabels": [kind]}, "rectanglelabels"
            if name == "11_b":
                flat = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in points(box)]
                value, tool = {"points": flat, "polygonlabels": [kind]}, "polygonlabels"
            if name == "12_a":
                value, tool = (
                    {"format": "rle", "rle": brush(mask(name)), "brushlabels": [kind]},
                    ("brushlabels"),
                )
            results.append(
                {"id": f"r{number}", "type": tool, "value": value, "original_width": WIDTH,
                 "original_height": HEIGHT, "image_rotation": 0}
            )  # fmt: skip
        tasks.append(
            {"id": number, "data": {"image": f"/data/upload/1/0123abcd-{name}.png"},
             "annotations": [{"id": number, "was_cancelled": False, "result": results}]}
        )  # fmt: skip
    write(root / "project.json", tasks)


def brush(pixels):
    """Label Studio's run lengths of an RGBA canvas: a slow writer of the same bits."""
    flat = np.repeat(np.where(pixels.ravel(), 255, 0), 4)
    bits = f"{flat.size:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    at = 0
    while at < flat.size:
        end = at
        while end < flat.size and flat[end] == flat[at] and end - at < 65536:
            end += 1
        bits += f"1{3:02b}{end - at - 1:016b}{flat[at]:08b}"
        at = end
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def cvat(root):
    """Boxes, a polygon and a mask, which has its run lengths row by row within its box."""
    films(root / "images")
    images = ""
    for number, name in enumerate(BOXES):
        shapes = ""
        for kind, (x, y, w, h) in drawn(name):
            if name == "11_b":
                text = ";".join(f"{a:.2f},{b:.2f}" for a, b in points((x, y, w, h)))
                shapes += f'<polygon label="{kind}" occluded="0" points="{text}" z_order="0"/>'
            elif name == "12_a":
                shapes += (
                    f'<mask label="{kind}" rle="0, {w * h}" '
                    f'left="{x}" top="{y}" width="{w}" height="{h}"/>'
                )
            else:
                shapes += f'<box label="{kind}" xtl="{x}" ytl="{y}" xbr="{x + w}" ybr="{y + h}"/>'
        images += f'<image id="{number}" name="{name}.png" width="{WIDTH}" height="{HEIGHT}">'
        images += f"{shapes}</image>"
    labels = "".join(f"<label><name>{one}</name></label>" for one in ("fracture", "metal"))
    write(
        root / "annotations.xml",
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task>'
        f"<labels>{labels}</labels></task></meta>{images}</annotations>",
    )


def via(root):
    films(root)
    images = {}
    for name in BOXES:
        regions = []
        for kind, (x, y, w, h) in drawn(name):
            shape = {"name": "rect", "x": x, "y": y, "width": w, "height": h}
            if name == "11_b":
                flat = ring((x, y, w, h))
                shape = {"name": "polygon", "all_points_x": flat[::2], "all_points_y": flat[1::2]}
            regions.append({"shape_attributes": shape, "region_attributes": {"class": kind}})
        size = (root / f"{name}.png").stat().st_size
        images[f"{name}.png{size}"] = {
            "filename": f"{name}.png", "size": size, "regions": regions, "file_attributes": {},
        }  # fmt: skip
    write(root / "via_project.json", {"_via_settings": {}, "_via_img_metadata": images})


def via_csv(root):
    via(root)
    content = json.loads((root / "via_project.json").read_text())["_via_img_metadata"]
    (root / "via_project.json").unlink()
    rows = [["filename", "file_size", "file_attributes", "region_count", "region_id",
             "region_shape_attributes", "region_attributes"]]  # fmt: skip
    for image in content.values():
        regions = image["regions"] or [{"shape_attributes": {}, "region_attributes": {}}]
        for number, one in enumerate(regions):
            rows.append(
                [image["filename"], image["size"], "{}", len(image["regions"]), number,
                 json.dumps(one["shape_attributes"]), json.dumps(one["region_attributes"])]
            )  # fmt: skip
    table(root / "via_export.csv", rows)


def supervisely(root):
    films(root / "ds" / "img")
    for name in BOXES:
        objects = [
            {"classTitle": kind, "geometryType": "rectangle",
             "points": {"exterior": [[x, y], [x + w, y + h]], "interior": []}}
            for kind, (x, y, w, h) in drawn(name)
        ]  # fmt: skip
        write(
            root / "ds" / "ann" / f"{name}.png.json",
            {"size": {"height": HEIGHT, "width": WIDTH}, "tags": [], "objects": objects},
        )


def masks_beside(root):
    for name in BOXES:
        save(root / f"{name}.png", film(name))
        save(root / f"{name}_mask.png", mask(name).astype(np.uint8) * 255)


def masks_folder(root):
    for name in BOXES:
        save(root / "images" / f"{name}.png", film(name))
        save(root / "masks" / f"{name}.png", mask(name).astype(np.uint8) * 255)


def kaggle_rle(root):
    films(root / "train")
    rows = [["ImageId", "EncodedPixels"]]
    for name in BOXES:
        flat = np.concatenate([[0], mask(name).T.ravel().astype(np.int8), [0]])
        starts, ends = np.flatnonzero(np.diff(flat) == 1), np.flatnonzero(np.diff(flat) == -1)
        pairs = zip(starts + 1, ends - starts, strict=True)
        rows.append([name, " ".join(f"{start} {length}" for start, length in pairs) or "-1"])
    table(root / "train.csv", rows)


def image_folder(root):
    """Train and test; the picture of a normal stands in both, saved a second time."""
    for number, name in enumerate(BOXES):
        folder = "fractured" if BOXES[name] else "not fractured"
        save(root / "test" / folder / f"{name}.png", film(name))
        split = root / "train" / folder / f"t{number}.png"
        save(split, film(name) if name == "14_b" else film(f"other {name}"))


def mura(root):
    base = root / "MURA-v1.1"
    rows = []
    for name, lesion in BOXES.items():
        patient, _, letter = name.partition("_")
        label = "positive" if lesion else "negative"
        place = f"valid/XR_WRIST/patient000{patient}/study{' ab'.index(letter)}_{label}"
        save(base / place / "image1.png", film(name))
        rows.append([f"MURA-v1.1/{place}/", int(label == "positive")])
    # What macOS leaves beside files is no image.
    (base / place / "._image1.png").write_bytes(b"Mac OS X")
    save(base / "train/XR_HAND/patient00900/study1_negative/image1.png", film("900"))
    table(base / "valid_labeled_studies.csv", rows)
    table(base / "train_labeled_studies.csv",
          [["MURA-v1.1/train/XR_HAND/patient00900/study1_negative/", 0]])  # fmt: skip


def grazpedwri(root, boxes="yolo"):
    """Films of 16 bits; age, cast and manufacturer; flags are 1.0 or empty, as pandas left them."""
    films(root / "images_part1", depth=16)
    header = ["filestem", "patient_id", "study_number", "timehash", "gender", "age", "laterality",
              "projection", "initial_exam", "ao_classification", "cast", "diagnosis_uncertain",
              "osteopenia", "fracture_visible", "metal", "pixel_spacing",
              "device_manufacturer"]  # fmt: skip
    rows = [header]
    for number, name in enumerate(BOXES):
        ill = "1.0" if BOXES[name] else ""
        metal = "1.0" if name == METAL[0] else ""
        cast, maker = "1.0" if number == 1 else "", "Siemens" if number < 4 else "Agfa"
        rows.append(
            [name, name[:2], 1, 1297860395 + number, "MF"[number % 2], 5.5 + number,
             "LR"[number % 2], 1 + number % 2, "1.0", "23r-M/2.1" if ill else "", cast, "", "",
             ill, metal, 0.144, maker]
        )  # fmt: skip
    table(root / "dataset.csv", rows)
    if boxes == "yolo":
        for name in BOXES:
            lines = [yolo_line(3 if kind == "fracture" else 4, box) for kind, box in drawn(name)]
            lines.append(yolo_line(8, (40, 0, 8, 5)))
            write(root / "folder_structure/yolov5/labels" / f"{name}.txt", "\n".join(lines))
        names = ["boneanomaly", "bonelesion", "foreignbody", "fracture", "metal",
                 "periostealreaction", "pronatorsign", "softtissue", "text"]  # fmt: skip
        write(root / "folder_structure/yolov5/meta.yaml", f"nc: 9\nnames: {names}\n")
    else:
        for name in BOXES:
            objects = [
                {"classTitle": kind, "geometryType": "rectangle",
                 "points": {"exterior": [[x, y], [x + w, y + h]], "interior": []}}
                for kind, (x, y, w, h) in [*drawn(name), ("text", (40, 0, 8, 5))]
            ]  # fmt: skip
            axis = {"classTitle": "axis", "geometryType": "line",
                    "points": {"exterior": [[0, 0], [9, 60]], "interior": []}}  # fmt: skip
            write(
                root / "supervisely/wrist/ann" / f"{name}.json",
                {"size": {"height": HEIGHT, "width": WIDTH}, "tags": [],
                 "objects": [*objects, axis]},
            )  # fmt: skip


def grazpedwri_supervisely(root):
    grazpedwri(root, "supervisely")


def hbfmid(root):
    """Roboflow's layout: folders of splits, copies of one image, and names that say so."""
    names = ["Comminuted", "Greenstick", "Healthy", "Linear", "Oblique Displaced", "Oblique",
             "Segmental", "Spiral", "Transverse Displaced", "Transverse"]  # fmt: skip
    for number, name in enumerate(BOXES):
        kind, box = (0, BOXES[name]) if BOXES[name] else (2, (2, 2, 40, 50))
        for split, copies in (("test", 1), ("train", 2)):
            for copy in range(copies):
                stem = f"{'xray' if number % 2 else 'mri'}{name}{split}_png.rf.{copy:032x}"
                pixels = film(name) if split == "test" else film(f"{name}{split}{copy}")
                save(root / split / "images" / f"{stem}.png", pixels)
                write(root / split / "labels" / f"{stem}.txt", yolo_line(kind, box))
    write(root / "data.yaml", f"nc: 10\nnames: {names}\n")


def rsna_bone_age(root):
    films(root / "boneage-training-dataset")
    table(root / "boneage-training-dataset.csv",
          [["id", "boneage", "male"], *([name, 94, "True"] for name in BOXES)])  # fmt: skip


LAYOUTS = {
    "coco": (coco, "coco", ["fracture"]),
    "yolo": (yolo, "yolo", ["fracture"]),
    "voc": (voc, "voc", ["fracture"]),
    "labelme": (labelme, "labelme", ["fracture"]),
    "label_studio": (label_studio, "label_studio", ["fracture"]),
    "cvat": (cvat, "cvat", ["fracture"]),
    "via": (via, "via", ["fracture"]),
    "via csv": (via_csv, "via", ["fracture"]),
    "supervisely": (supervisely, "supervisely", ["fracture"]),
    "masks_beside": (masks_beside, "masks_beside", ["mask"]),
    "masks in a folder": (masks_folder, "masks_beside", ["mask"]),
    "kaggle_rle": (kaggle_rle, "kaggle_rle", ["mask"]),
    "image_folder": (image_folder, "image_folder", ["fractured"]),
    "mura": (mura, "mura", ["positive"]),
    "grazpedwri": (grazpedwri, "grazpedwri", []),
    "grazpedwri supervisely": (grazpedwri_supervisely, "grazpedwri", []),
    "hbfmid": (hbfmid, "hbfmid", ["Comminuted"]),
}
"""Name → what writes it, its format, and the classes that mean fractured."""
UNLOCALIZED = {"image_folder", "mura"}


def written(name, folder):
    """A study in a layout, written below a folder."""
    LAYOUTS[name][0](Path(folder))
    return Path(folder)
