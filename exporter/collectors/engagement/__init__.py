"""Engagement: who uses the backend, and for what."""

from exporter.collector import Collector, Part
from exporter.collectors.engagement import created, searches, users

ENGAGEMENT = Collector(
    "engagement",
    "total and active users, interactions, searches, what was created",
    (
        Part("users", users.read, users.METRICS),
        Part("created", created.read, created.METRICS),
        Part("searches", searches.read, searches.METRICS),
    ),
)
