"""One router for each of the modules."""
