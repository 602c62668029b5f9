"""Audit files: how they are read, what they may say, and the starters that write them."""
