"""Readers of study formats, one file each."""
