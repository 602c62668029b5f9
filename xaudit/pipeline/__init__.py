"""Whole commands: check, run, judge, print."""
