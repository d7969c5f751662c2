"""`python -m exporter --check`: what can be seen with these settings, what cannot, and the cost."""
