from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.front.headlines import headlines
from xaudit.report.view.lookup import Lookup


def shown(findings):
    return {one.title: one for one in headlines(Lookup(findings))}


def with_more(audit, *more):
    return replace(audit[0], findings=(*audit[0].findings, *more))


def test_figures_with_their_intervals_and_of_how_many(audit):
    found = shown(audit[0])
    assert list(found) == ["AUC", "Sensitivity", "Specificity", "Maps in the fracture",
                           "Erasing the fracture"]  # fmt: skip
    assert (found["AUC"].value, found["AUC"].limits) == ("0.902", "0.874–0.925")
    assert found["AUC"].detail == "600 cases"
    assert found["Sensitivity"].value == "79 %"
    assert found["Sensitivity"].detail == "158/200 fractures; threshold fixed beforehand"
    assert found["Specificity"].detail == "352/400 normal cases"
    assert found["Maps in the fracture"].value == "31 %"
    assert found["Maps in the fracture"].detail.startswith("gradcam; chance 4.0 %")


def test_auc_counts_the_cases_with_a_score(audit):
    kept = tuple(one for one in audit[0].findings if one.metric != "auc")
    auc = Finding("auc", {"analysis": "scored"}, Estimate(0.9, 0.8, 0.95, "DeLong", n=594))
    assert shown(replace(audit[0], findings=(*kept, auc)))["AUC"].detail == "594 cases"


def test_a_threshold_that_this_study_gave_is_told(audit):
    point = replace(audit[0].detector.operating_points[0], origin="chosen_on_study")
    detector = replace(audit[0].detector, operating_points=(point,))
    found = shown(replace(audit[0], detector=detector))["Sensitivity"]
    assert "threshold chosen on this study: too good" in found.detail


def test_what_has_no_value_says_why(audit):
    found = shown(with_more(audit))["Erasing the fracture"]
    assert (found.value, found.limits) == ("—", "")
    assert found.detail == "not measured in this audit"


def test_the_fracture_beside_what_moves_the_score_most_otherwise(audit):
    findings = with_more(
        audit,
        Finding("lesion_specific_effect", {}, Estimate(2.8, 1.4, 4.2, "b", n=40)),
        Finding("other_effect", {"removed": "border"}, Estimate(0.08, 0.03, 0.13, "b", n=45)),
        Finding("other_effect", {"removed": "marker"}, Estimate(0.02, 0.01, 0.03, "b", n=45)),
    )
    found = shown(findings)["Erasing the fracture"]
    assert (found.value, found.limits) == ("2.8", "1.4–4.2")
    assert found.detail == "off the logit; the border of the image: 0.08 (0.03–0.13)"


def test_maps_without_a_value_say_why(audit):
    kept = tuple(one for one in audit[0].findings if one.metric != "mass")
    scope = {"method": "gradcam", "analysis": "scored"}
    few = Finding("mass", scope, Estimate.missing("5 positives, 10 needed for an estimate", n=5))
    found = shown(replace(audit[0], findings=(*kept, few)))["Maps in the fracture"]
    assert found.value == "—"
    assert "5 positives, 10 needed" in found.detail


def test_too_few_cases_are_said(audit):
    few = Estimate(2.8, 1.4, 4.2, "b", n=4).with_caution("4 cases, 30 needed for a verdict")
    findings = with_more(audit, Finding("lesion_specific_effect", {}, few))
    assert shown(findings)["Erasing the fracture"].detail == "4 cases, 30 needed for a verdict"


def test_boxes_and_masks_have_figures_of_their_own(audit):
    point = {"operating_point": "default", "analysis": "scored"}
    findings = with_more(
        audit,
        Finding("lesion_sensitivity", point, Estimate(0.8, 0.7, 0.9, "b", k=8, n=10)),
        Finding("false_boxes_per_image", point, Estimate(0.4, 0.3, 0.5, "b", n=9)),
        Finding("lesionwise_sensitivity", point, Estimate(0.7, 0.6, 0.8, "b", k=7, n=10)),
        Finding("dice", point, Estimate(0.64, 0.5, 0.7, "b", n=7)),
    )
    found = shown(findings)
    assert found["Lesions found by boxes"].value == "80 %"
    assert "boxes amiss per image" in found["Lesions found by boxes"].detail
    assert found["Lesions found by masks"].value == "70 %"
    assert found["Lesions found by masks"].detail.startswith("Dice of the masks: 64 %")


def test_a_table_of_predictions_has_no_maps(audit):
    detector = replace(audit[0].detector, format="predictions")
    assert list(shown(replace(audit[0], detector=detector))) == [
        "AUC", "Sensitivity", "Specificity"]  # fmt: skip
