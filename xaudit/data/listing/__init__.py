"""Images and what an export says of them, made into a study."""
