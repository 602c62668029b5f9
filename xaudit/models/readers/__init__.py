"""Readers of models that are more than weights, a file for each format; loaded when asked for."""
