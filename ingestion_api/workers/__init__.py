"""The workers and how long ago each was heard of."""
