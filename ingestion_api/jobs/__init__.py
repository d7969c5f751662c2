"""Jobs: accepted once, done once, ended once."""
