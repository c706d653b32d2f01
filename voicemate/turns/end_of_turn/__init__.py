"""Is the turn over? The rule, and the signals it weighs."""
