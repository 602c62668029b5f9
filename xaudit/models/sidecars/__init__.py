"""What files beside the weights say of how an image was prepared."""
