"""Radiograph-like long bones with fractures whose place is known; see README.md beside this."""
