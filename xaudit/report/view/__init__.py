"""The view model, and how numbers, drawings and words become parts of it."""
