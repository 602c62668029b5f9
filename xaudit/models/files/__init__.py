"""What a file of weights is, found out from its content."""
