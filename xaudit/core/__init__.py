"""The words of the audit: numpy and the standard library only."""
