"""Signatures, and the ledger of uses of a test set."""
