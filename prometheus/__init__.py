"""Rules as code: thresholds.yml in, recording rules and alerts out."""
