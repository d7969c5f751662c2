"""`python -m exporter --check`: what can be seen with these settings, what not, and what it costs."""
