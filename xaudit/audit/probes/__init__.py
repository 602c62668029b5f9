"""What is done to a detector besides scoring: degrade, randomize, erase, repeat."""
