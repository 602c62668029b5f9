"""Areas under ROC curves, and their differences."""
