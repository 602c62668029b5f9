"""Many groups at once: draws of each, gaps to all others, heterogeneity of sites."""
