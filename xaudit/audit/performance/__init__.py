"""Findings about the scores of cases: overall, by group, by site."""
