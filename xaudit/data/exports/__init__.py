"""Readers of what annotation tools export, a file for each form."""
