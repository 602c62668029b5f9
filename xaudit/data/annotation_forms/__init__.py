"""Forms in which a manifest writes lesions, a file each, by the name of the column."""
