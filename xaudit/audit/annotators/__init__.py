"""Findings about annotators: how they agree, and the detector beside them."""
