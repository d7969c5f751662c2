"""What the backend reports of itself, held against what is observed: a row for each way to err."""
