"""The database: the backend's pool, our own look, tables, and PostgreSQL's own statistics."""

from exporter.collector import Collector, Part
from exporter.collectors import database_pool

DATABASE = Collector(
    "database",
    "connection pool, reachability, tables, PostgreSQL statistics",
    (Part("pool", database_pool.read, database_pool.METRICS),),
)
