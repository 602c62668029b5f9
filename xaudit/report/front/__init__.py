"""The first page of a card: what decides."""
