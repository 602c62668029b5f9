"""Forms in which others read an audit."""
