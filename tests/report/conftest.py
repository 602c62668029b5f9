import dataclasses
import shutil
from importlib.resources import files

import numpy as np
import pytest

from xaudit.core.case import CaseIssue
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import (
    Accountability,
    AuditFacts,
    CalibrationBin,
    Curve,
    DetectorFacts,
    Finding,
    Findings,
    GalleryCase,
    GalleryMap,
    MethodFacts,
    StudyFacts,
)
from xaudit.core.record.policy import Outcome, Rule, Verdict
from xaudit.report.view.overlays import overlay_png, picture_png

CHROMIUM = shutil.which("chromium")
# WCAG 2.2, A and AA, and what axe-core holds for good practice besides.
AXE_TAGS = ["best-practice", "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HOSTILE = "</script><img src=x onerror=alert(1)>"
METHODS = ("gradcam", "integrated_gradients", "shap", "lime")
REFERENCES = {"area_chance": 0.04, "center_gaussian": 0.07, "edge_map": 0.05,
              "mean_lesion_mask": 0.09, "ideal_on_grid": 0.71}  # fmt: skip
LEVELS = {
    "region": {"hand": (260, 70), "leg": (180, 90), "hip": (100, 26), HOSTILE: (60, 14)},
    "view": {"frontal": (330, 110), "lateral": (270, 90)},
    "hardware": {"no": (560, 192), "yes": (40, 8)},
}


def share(k, n):
    p, half = k / n, 0.98 * (max(k * (n - k), n) / n**3) ** 0.5 * 2
    return Estimate(p, max(0, p - half), min(1, p + half), "Wilson", k=k, n=n, clusters=n)


def mean(value, n=60):
    return Estimate(
        value, value * 0.85, value * 1.15, "patient bootstrap, expanded percentile", n=n
    )


def point_findings():
    for analysis, found, left in (("scored", 158, 352), ("worst_case", 157, 348)):
        scope = {"operating_point": "default", "analysis": analysis}
        yield Finding("sensitivity", scope, share(found, 200))
        yield Finding("specificity", scope, share(left, 400))
        yield Finding("ppv", scope, share(found, found + 400 - left))
    for column, levels in LEVELS.items():
        for level, (n, k) in levels.items():
            scope = {"operating_point": "default", "analysis": "scored", "group": column,
                     "level": level}  # fmt: skip
            one = share(round(k * 0.78), k)
            if k < 10:
                one = Estimate.missing("8 positives, 10 needed", k=6, n=k)
            elif k < 30:
                one = one.with_caution("30 needed for a verdict")
            yield Finding("sensitivity", scope, one)
            yield Finding("specificity", scope, share(round((n - k) * 0.87), n - k))
    yield Finding("auc", {"analysis": "scored"}, Estimate(0.902, 0.874, 0.925, "DeLong", n=600))
    yield Finding("brier", {}, Estimate(0.12, 0.10, 0.14, "patient bootstrap", n=600))


def map_findings():
    for method, value in (*zip(METHODS, (0.31, 0.18, 0.22, 0.12), strict=True),
                          *REFERENCES.items()):  # fmt: skip
        yield Finding("mass", {"method": method, "analysis": "scored"}, mean(value))


def gallery(pictures):
    rows, columns = np.mgrid[0:224, 0:224] / 224
    for index in range(12):
        bone = np.exp(-(((columns - 0.5 - 0.1 * np.sin(rows * 3 + index)) / 0.1) ** 4))
        image = 0.15 + 0.6 * bone
        pictures[f"c{index}.png"] = picture_png(image)
        maps = []
        for number, method in enumerate(METHODS):
            blob = np.exp(-((rows - 0.3 - 0.1 * number) ** 2 + (columns - 0.5) ** 2) / 0.01)
            pictures[f"c{index}-{method}.png"] = overlay_png(blob - 0.05)
            maps.append(GalleryMap(method, f"c{index}-{method}.png", {"mass": 0.2, "hit": "zero"}))
        ring = ((0.45, 0.3), (0.58, 0.32), (0.56, 0.4), (0.44, 0.38))
        kind = ("miss", "false_alarm", "worst_map", "good")[index // 3]
        yield GalleryCase(f"case-{index} {HOSTILE}", kind, "Fracture missed: attribution on the "
            "cast", True, -1.2, 0.23, {"default": False}, {"view": "frontal"}, f"c{index}.png",
            ((ring,),), tuple(maps))  # fmt: skip


@pytest.fixture(scope="session")
def audit():
    pictures = {}
    cases = tuple(gallery(pictures))
    issues = tuple(CaseIssue(f"IMG{i} {HOSTILE}", "truncated", "ends early", "unreadable")
                   for i in range(6))  # fmt: skip
    issues += tuple(CaseIssue(f"IMG{i}", "duplicate", "same pixels", "noted") for i in range(50))
    points = (OperatingPoint("default", 0.0, "fixed", "From the tuning set."),
              OperatingPoint("youden", -0.4, "chosen_on_study"))  # fmt: skip
    methods = tuple(
        MethodFacts(name, "captum 0.8", "What moved the score?", {"steps": 64}, 60, 1, 64, 64,
                    residual="completeness gap", residual_median=0.004, residual_worst=0.06,
                    converged=58) for name in METHODS)  # fmt: skip
    curve = Curve(
        "roc", (0, 0.05, 0.12, 0.3, 1), (0, 0.6, 0.79, 0.93, 1), {"default": (0.12, 0.79)}
    )
    bins = tuple(CalibrationBin(i / 5, (i + 1) / 5, i / 5 + 0.1, share(12 + 20 * i, 120))
                 for i in range(5))  # fmt: skip
    names = [("sensitivity", "proportion"), ("specificity", "proportion"), ("mass", "proportion")]
    findings = Findings(
        AuditFacts("demo", "2026-01-02T03:04:05Z", "a" * 64, "b" * 64, "0.1.0", 7),
        DetectorFacts(f"BoneNet {HOSTILE}", "1.4.2", "torchvision:mobilenet_v2",
                      "w.safetensors", "c" * 64, 2225153, InputSpec(224, 224), "one logit",
                      "features.18", points, ("Scores are high for padding.",)),
        StudyFacts("FracAtlas", "doi:10/x", "CC BY 4.0", "d" * 64, 606, 606, 200, 231, "image",
                   "One image per patient, declared.", None, None, levels=LEVELS),
        Accountability(610, 4, 6, 600, 200, 60, 40, 58, 2, "A stratified draw.", issues),
        (*point_findings(), *map_findings()),
        tuple(MetricFacts(n, f"What is {n}?", "higher", 0, 1, u, "x") for n, u in names),
        methods, (curve,), bins, cases, {"intended_use": f"Adults. {HOSTILE}"},
        {"torch": "2.13.0"}, 0.2,
    )  # fmt: skip
    rule = Rule("found", "sensitivity", {"group": "*"}, floor=0.7)
    verdict = Verdict("release", "b" * 64, "fail", (
        Outcome(rule, {"group": "view", "level": "frontal"}, "fail", "Limit 69 %.", share(86, 110)),
        Outcome(Rule("auc", "auc", floor=0.8), {}, "pass", "0.874 reaches 0.8.", mean(0.9)),
    ))  # fmt: skip
    return findings, verdict, pictures


@pytest.fixture(scope="session")
def minimal(audit):
    findings = audit[0]
    return dataclasses.replace(findings, findings=(), metrics=(), methods=(), curves=(),
        calibration=(), gallery=(), declared={}, provenance={}, prevalence=None,
        study=dataclasses.replace(findings.study, levels={}))  # fmt: skip


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.skip("needs chromium (package chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def show(chromium, tmp_path):
    """Open a page from a file; it may ask for nothing and say nothing."""
    opened, heard = [], []

    def open_page(text, place="", **options):
        path = tmp_path / "page.html"
        path.write_text(text, "utf-8")
        page = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        opened.append(page)
        page = page.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: heard.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: heard.append(request.url) if not request.url.startswith(
            ("data:", path.as_uri())) else None)  # fmt: skip
        page.goto(f"{path.as_uri()}{place}")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert heard == []


@pytest.fixture(scope="session")
def violations():
    """What axe-core finds against WCAG 2.2 AA: rule and element, one line each."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")

    def run(page):
        page.evaluate(axe)
        found = page.evaluate(
            """tags => axe.run(document, {runOnly: {type: "tag", values: tags},
                 rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]})""",
            AXE_TAGS,
        )
        return [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    return run
