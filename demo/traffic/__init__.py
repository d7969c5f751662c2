"""Visitors who use every module in the rhythm of a day."""
