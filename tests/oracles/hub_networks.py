"""Networks of transformers by the names of those of torchvision, built without its loader."""

import torch

from xaudit.torchvision_operators import define_missing_operators

CONFIGS = {
    "resnet18": ("resnet", {
        "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2], "layer_type": "basic",
    }),
    "resnet50": ("resnet", {}),
    "mobilenet_v2": ("mobilenet_v2", {}),
    "efficientnet_b0": ("efficientnet", {
        "width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280,
    }),
    "vit_b_16": ("vit", {}),
    # Its own windows do not fit into small images.
    "swin_t": ("swin", {"window_size": 2}),
    "convnext_tiny": ("convnext", {}),
}  # fmt: skip


class Called(torch.nn.Module):
    """The network of transformers, called with images alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, planes):
        return self.model(pixel_values=planes).logits


def network(name, side):
    """With random weights, two labels, for images of so many pixels."""
    define_missing_operators()
    import transformers

    kind, given = CONFIGS[name]
    config = transformers.AutoConfig.for_model(kind, image_size=side, num_labels=2, **given)
    return Called(transformers.AutoModelForImageClassification.from_config(config))
