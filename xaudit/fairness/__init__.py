"""For whom and where the detector works: groups, sites and the gaps between them."""
