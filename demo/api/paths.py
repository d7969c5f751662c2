"""Which module a path belongs to, and which paths need no token."""

PREFIXES = {
    "/annotations": "annotations", "/api/auth": "auth", "/authority": "authority",
    "/collections": "collections", "/curation": "curation", "/graph": "graph", "/api/graph": "graph",
    "/api/monitoring": "monitoring", "/quality": "quality", "/recommendations": "recommendations",
    "/resources": "resources", "/scholarly": "scholarly", "/search": "search", "/taxonomy": "taxonomy",
}  # fmt: skip
PUBLIC = (
    "/docs", "/openapi.json", "/redoc", "/api/monitoring/health", "/api/v1/ingestion/health",
    "/api/v1/ingestion/worker/status", "/api/v1/ingestion/jobs/history", "/auth/", "/api/auth/",
)  # fmt: skip


def module_of(path: str) -> str | None:
    """The module that answers this path, or None for paths of no module."""
    for prefix, module in PREFIXES.items():
        if path == prefix or path.startswith(prefix + "/"):
            return module
    return None


def is_public(path: str) -> bool:
    """Whether the path is answered without a token."""
    return path.startswith(PUBLIC)
