"""Corruptions of radiographs, one file each, by the name of the file."""
