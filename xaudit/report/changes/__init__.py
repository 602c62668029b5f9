"""The report of a change between two audits."""
