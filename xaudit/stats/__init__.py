"""Intervals and tests: pure functions of numbers, with names that a statistician knows."""
