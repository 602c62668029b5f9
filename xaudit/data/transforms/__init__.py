"""What is done to a radiograph: resampling, geometry, artifacts, corruptions."""
