"""Findings about lesions that a network segments."""
