"""Starts the parts of the demo, watches them, breaks them on command and ends them all."""
