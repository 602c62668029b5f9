"""Elements of the device record, and where they are asked for."""
