"""Target layers of Grad-CAM: the feature maps that heads pool."""
