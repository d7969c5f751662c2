"""`make run`: set-up, ports, processes, readiness, health and the table of addresses."""
