"""Policies: how they are read, and which findings a rule means."""
