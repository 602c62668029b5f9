"""Rows of scores of maps and features of cases, and means over patients."""
