"""Detectors that run elsewhere: behind an address, or in a program of its own."""
