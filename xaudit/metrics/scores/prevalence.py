"""Predictive values where fractures are as common as in intended use."""

from __future__ import annotations

from xaudit.core.estimate import Estimate
from xaudit.core.metric import metric
from xaudit.metrics.scores.discrimination import Predictions, sensitivity, specificity
from xaudit.stats.needed_to_predict import number_needed_to_predict as needed
from xaudit.stats.proportions import predictive_value


@metric("discrimination")
def ppv_at_prevalence(predictions: Predictions, prevalence: float) -> Estimate:
    """Of the cases called fractured, what share is, where fractures are as common as declared?"""
    p = predictions
    return predictive_value(sensitivity(p), specificity(p), prevalence, "ppv")


@metric("discrimination")
def npv_at_prevalence(predictions: Predictions, prevalence: float) -> Estimate:
    """Of the cases called normal, what share is, where fractures are as common as declared?"""
    p = predictions
    return predictive_value(sensitivity(p), specificity(p), prevalence, "npv")


@metric("discrimination", better="lower", bounds=(1.0, None), unit="ratio")
def number_needed_to_predict(predictions: Predictions, prevalence: float) -> Estimate:
    """How many patients have to be examined for one to be told right beyond chance?"""
    p = predictions
    return needed(sensitivity(p), specificity(p), prevalence)
