"""Sections of the card."""
