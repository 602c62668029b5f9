"""Annotated lesions: masks, polygons, run lengths."""
