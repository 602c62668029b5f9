"""ONNX models: read without trust, computed by onnxruntime, converted where that can be shown."""

from xaudit.torchvision_operators import define_missing_operators

# onnx2torch imports torchvision.
define_missing_operators()
