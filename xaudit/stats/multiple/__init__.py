"""Interim analyses and many rules: what keeps the error of all of them."""
