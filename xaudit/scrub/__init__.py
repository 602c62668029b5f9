"""A copy of an audit without what is personal."""
