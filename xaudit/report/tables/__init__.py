"""Tables of the card."""
