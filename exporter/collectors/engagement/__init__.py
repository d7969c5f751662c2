"""Engagement: who uses the backend, and for what."""

from exporter.collector import Collector, Part
from exporter.collectors.engagement import created, searches, users

ENGAGEMENT = Collector(
    "engagement",
    "total and active users, interactions, searches, what was created",
    (
        Part("users", users.read_users, users.USERS_METRICS),
        Part("created", created.read_created, created.CREATED_METRICS),
        Part("searches", searches.read_searches, searches.SEARCHES_METRICS),
    ),
)
