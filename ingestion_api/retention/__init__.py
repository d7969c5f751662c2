"""Remove what is older or more than the settings allow."""
