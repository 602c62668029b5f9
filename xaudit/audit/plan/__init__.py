"""The plan of an audit, the catalog of its metrics, and its samples."""
