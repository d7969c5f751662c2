"""The faults that can be put in force, and the file that tells every process which are."""
