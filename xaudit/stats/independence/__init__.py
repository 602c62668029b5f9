"""Tests of association, and of two samples."""
