"""A verdict for other programs: one file for each format."""
