"""Cohorts: studies without labels, beside a finished audit of the same detector."""
