"""Findings computed again from what an audit stored."""
