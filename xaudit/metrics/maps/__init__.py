"""Metrics of maps: localization, faithfulness, stability, agreement."""
