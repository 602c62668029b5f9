"""How a rule becomes an outcome, and outcomes a verdict."""
