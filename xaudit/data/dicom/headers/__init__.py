"""What headers say, without what of it is private."""
