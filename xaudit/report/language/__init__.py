"""Words of the card in other languages."""
