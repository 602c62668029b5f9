"""Rules, sums and regressions that methods share."""
