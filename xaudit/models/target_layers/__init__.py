"""Where Grad-CAM looks."""
