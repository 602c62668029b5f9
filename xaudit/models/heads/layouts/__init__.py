"""Layouts in which networks return boxes, a file each; loaded when asked for."""
