"""Explanation methods, a file each; every file is loaded."""
