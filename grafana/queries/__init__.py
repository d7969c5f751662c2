"""Every query by name, one subject a file; panels, tests and docs share them."""
