"""How a manifest is read: its columns, the cells of a row, the masks that it names."""
