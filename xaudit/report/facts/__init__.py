"""Sentences and tables of what a run and its maker state; no section of their own."""
