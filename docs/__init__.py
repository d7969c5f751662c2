"""The documents; those that can be derived are written by `make docs`."""
