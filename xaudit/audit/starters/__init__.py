"""Starters: audit files and forms that a person completes."""
