"""How an accepted job reaches the one who does it."""
