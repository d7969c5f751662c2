"""What `make run` starts: set-up, ports, processes, readiness and the table of addresses."""
