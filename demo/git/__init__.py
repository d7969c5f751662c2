"""A small host of git on this machine, with the project's own repository, so that there is one to ingest."""
