"""Scoring and explaining, shard by shard."""
