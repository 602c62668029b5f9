"""Models in a box: code of strangers in a process that sees no network and few files."""
