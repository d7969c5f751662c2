"""The levels that operators set in place of those of the file."""
