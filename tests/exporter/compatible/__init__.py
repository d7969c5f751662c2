"""Dashboards and rules of others, asked for what they find here."""
