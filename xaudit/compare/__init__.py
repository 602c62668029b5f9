"""Two audits side by side: versions, baselines, drift."""
