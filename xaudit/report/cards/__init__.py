"""Whole pages: the card, the pages of cases, the report of a qualification."""
