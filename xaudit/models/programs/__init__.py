"""Models that bring their own code: what it may do, and how it is called."""
