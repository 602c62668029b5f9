"""Who carries out the pieces of an audit."""
