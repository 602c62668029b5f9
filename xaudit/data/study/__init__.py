"""A whole study, read and looked over."""
