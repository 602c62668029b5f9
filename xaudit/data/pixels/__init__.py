"""Files of images: whether they are complete, what their values mean."""
