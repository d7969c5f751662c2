"""Starts the processes of the demo, restarts them, injects faults and stops them."""
