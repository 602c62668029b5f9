"""From findings to a model card that is read, printed and checked."""
