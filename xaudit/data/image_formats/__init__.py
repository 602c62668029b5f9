"""Readers of image files that Pillow does not read, one file each; loaded when asked for."""
