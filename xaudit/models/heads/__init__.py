"""Heads: what the output of a network means, a file each."""
