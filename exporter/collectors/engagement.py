"""Engagement: who uses the backend, and for what."""

from exporter.collector import Collector, Part
from exporter.collectors import engagement_created, engagement_searches, engagement_users

ENGAGEMENT = Collector(
    "engagement",
    "total and active users, interactions, searches, what was created",
    (
        Part("users", engagement_users.read, engagement_users.METRICS),
        Part("created", engagement_created.read, engagement_created.METRICS),
        Part("searches", engagement_searches.read, engagement_searches.METRICS),
    ),
)
