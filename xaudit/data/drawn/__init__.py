"""Boxes that a detector drew elsewhere, and those of lesions."""
