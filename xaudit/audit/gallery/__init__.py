"""Cases that a card shows, and the pages of cases."""
