"""Routes as the second line of the backend has them: below /api, some modules with several routers."""

from typing import Any

TAGS = {"/api/pdf/upload": "PDF Ingestion", "/api/patterns/learn": "Pattern Learning"}
PATHS = (
    "/", "/health", "/metrics",
    "/api/annotations", "/api/annotations/{annotation_id}", "/api/resources/{resource_id}/annotations",
    "/api/auth/login", "/api/auth/health",
    "/api/authority/subjects/suggest",
    "/api/citations/resolve", "/api/discovery/hypotheses", "/api/graph/entities",
    "/api/collections", "/api/collections/{collection_id}", "/api/collections/health",
    "/api/github/repositories",
    "/api/mcp/tools",
    "/api/monitoring/health", "/api/monitoring/workers/status", "/api/monitoring/performance",
    "/api/patterns/learn", "/api/pdf/upload", "/api/planning/generate",
    "/api/quality/quality/health", "/api/quality/evaluation/rag",
    "/api/resources", "/api/resources/{resource_id}", "/api/resources/health",
    "/api/v1/ingestion/health", "/api/v1/ingestion/ingest/{repo_url}",
    "/api/scholarly/health", "/api/scholarly/resources/{resource_id}/metadata",
    "/api/search/search", "/api/search/search/health", "/api/search/admin/sparse-embeddings/generate",
)  # fmt: skip


def document(paths: tuple[str, ...] = PATHS) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    return {"openapi": "3.1.0", "paths": {path: item(path) for path in paths}}


def item(path: str) -> dict[str, Any]:
    """One entry, readable with GET."""
    return {"get": {"tags": [TAGS.get(path, path.rsplit("/", maxsplit=1)[-1] or "root")], "responses": {}}}
