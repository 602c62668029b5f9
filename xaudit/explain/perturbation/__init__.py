"""What of an image is hidden, and what stands in its place."""
