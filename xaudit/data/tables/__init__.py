"""Tables as text files hold them: cells, columns, what counts as missing."""
