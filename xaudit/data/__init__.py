"""Studies on disk: images, annotations, and the way onto the input grid of the detector."""
