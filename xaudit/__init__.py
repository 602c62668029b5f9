"""xaudit: decides whether a bone-fracture detector may be released, and shows why."""

__version__ = "0.1.0"

__all__ = ["__version__"]
