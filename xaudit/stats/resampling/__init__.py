"""The patient bootstrap."""
