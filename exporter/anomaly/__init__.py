"""What is unusual: a detector for one series, the same for all, and many series fed to it from Prometheus."""
