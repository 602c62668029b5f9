"""Metrics of groups and sites: gaps, extremes, shifts."""
