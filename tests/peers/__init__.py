"""Names, types and labels of the exporters that people replace by ours, as those exporters run."""
