"""Simulated users of every module, with a daily pattern."""
