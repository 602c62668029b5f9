"""Claims of the maker of a device, beside what the study holds."""
