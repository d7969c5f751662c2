"""What visitors do, and how often: every module has its share."""

import asyncio
from collections.abc import Awaitable, Callable

from demo.storage.sample_data import INTERACTIONS, REPOSITORIES
from demo.traffic.context import MAX_RESOURCES, TrafficContext

Visit = Callable[[TrafficContext], Awaitable[object]]


async def read(context: TrafficContext) -> None:
    """Open a resource; now and then one that was never there."""
    key = (
        "00000000-0000-0000-0000-00000000dead" if context.rng.random() < 0.02 else context.popular_resource()
    )
    await context.request("GET", f"/resources/{key}")


async def create(context: TrafficContext) -> None:
    """Add a resource and, with a full library, remove another."""
    title, text = context.text()
    found = await context.request("POST", "/resources", json={"title": title, "description": text})
    if found:
        context.resources.insert(0, found["id"])
    if len(context.resources) >= MAX_RESOURCES:
        await context.request("DELETE", f"/resources/{context.resources.pop()}")


async def update(context: TrafficContext) -> None:
    """Change the text or the title of a resource."""
    title, text = context.text()
    change = {"description": text} if context.rng.random() < 0.5 else {"title": title}
    await context.request("PUT", f"/resources/{context.resource()}", json=change)


async def annotate(context: TrafficContext) -> None:
    """Highlight a passage."""
    start = context.rng.randrange(100)
    note = {
        "start_offset": start,
        "end_offset": start + 12,
        "highlighted_text": context.word(),
        "note": context.word(),
    }
    await context.request("POST", f"/resources/{context.resource()}/annotations", json=note)


async def read_annotations(context: TrafficContext) -> None:
    """Read notes and sometimes change one."""
    await context.request("GET", "/annotations")
    if context.annotations and context.rng.random() < 0.3:
        await context.request(
            "PUT", f"/annotations/{context.rng.choice(context.annotations)}", json={"note": context.word()}
        )


async def search(context: TrafficContext) -> None:
    """Look for a word; sometimes for nothing at all, which is refused."""
    wanted = context.popular_word() if context.rng.random() < 0.85 else context.word()
    text = "" if context.rng.random() < 0.03 else wanted
    await context.request("POST", "/search", json={"text": text})


async def search_hybrid(context: TrafficContext) -> None:
    """Look for two words by their weights."""
    await context.request(
        "GET", "/search/three-way-hybrid", params={"query": f"{context.word()} {context.word()}"}
    )


async def collect(context: TrafficContext) -> None:
    """Open a collection, put something on it, sometimes start a new one."""
    if not context.collections or context.rng.random() < 0.02:
        found = await context.request(
            "POST", "/collections", json={"name": f"{context.word()} shelf", "owner_id": context.user_name()}
        )
        context.collections += [found["id"]] if found else []
        return
    shelf = context.rng.choice(context.collections)
    await context.request("GET", f"/collections/{shelf}")
    if context.rng.random() < 0.4:
        await context.request(
            "POST", f"/collections/{shelf}/resources", json={"resource_id": context.resource()}
        )


async def recommend(context: TrafficContext) -> None:
    """Ask what to read next, and sometimes read it."""
    user = context.user_id()
    found = await context.request("GET", "/recommendations", params={"user_id": user})
    if not found or not found["items"] or context.rng.random() > 0.5:
        return
    followed = {"user_id": user, "resource_id": context.rng.choice(found["items"]),
                "recommendation_strategy": found["strategy"],
                "was_useful": context.rng.random() < 0.6}  # fmt: skip
    await context.request("POST", "/recommendations/feedback", json=followed)


async def interact(context: TrafficContext) -> None:
    """Do something that counts as an interaction."""
    done = {"user_id": context.user_id(), "resource_id": context.resource(),
            "interaction_type": context.rng.choice(INTERACTIONS), "dwell_time": context.rng.randrange(5, 600),
            "interaction_strength": round(context.rng.betavariate(4, 2), 3)}  # fmt: skip
    await context.request("POST", "/recommendations/interactions", json=done)


async def sign_in(context: TrafficContext) -> None:
    """Sign in, sometimes with the wrong password, and look at the own account."""
    name = context.user_name()
    token = await context.sign_in(name, "wrong" if context.rng.random() < 0.05 else name)
    if token:
        mine = {"Authorization": f"Bearer {token}"}
        await context.request("GET", "/api/auth/me", headers=mine)
        await context.request("GET", "/api/auth/rate-limit", headers=mine)


async def view_quality(context: TrafficContext) -> None:
    """Look at the quality of resources, sometimes have it computed anew."""
    path = context.rng.choice(
        ("distribution", "outliers", "dimensions", f"resources/{context.popular_resource()}")
    )
    await context.request("GET", f"/quality/{path}")
    if context.rng.random() < 0.1:
        await context.request(
            "POST", "/quality/recalculate", json={"resource_ids": [context.resource(), context.resource()]}
        )


async def curate(context: TrafficContext) -> None:
    """Take the first of the review queue and decide."""
    found = await context.request("GET", "/curation/review-queue", params={"limit": 5})
    if found and found["items"] and context.rng.random() < 0.4:
        action = context.rng.choice(("approve", "approve", "reject", "flag"))
        key = context.rng.choice(found["items"])["id"]
        await context.request("POST", "/curation/review", json={"resource_id": key, "action": action})


async def suggest(context: TrafficContext) -> None:
    """Type the beginning of a name."""
    kind, letter = context.rng.choice(("subjects", "creators")), context.user_name()[:1]
    await context.request("GET", f"/authority/{kind}/suggest", params={"q": letter})


async def classify(context: TrafficContext) -> None:
    """Look at the tree and have a resource classified; one without words is refused."""
    await context.request("GET", "/taxonomy/categories")
    await context.request("POST", f"/taxonomy/classify/{context.resource()}")


async def browse_graph(context: TrafficContext) -> None:
    """Follow the links of a resource."""
    await context.request("GET", "/graph/overview")
    await context.request("GET", f"/graph/resource/{context.resource()}/neighbors")


async def view_citations(context: TrafficContext) -> None:
    """Look at origins and citations."""
    key = context.resource()
    await context.request("GET", f"/scholarly/resources/{key}/metadata")
    if context.rng.random() < 0.2:
        await context.request("POST", f"/graph/resources/{key}/extract-citations")
        await context.request("POST", f"/scholarly/resources/{key}/metadata/extract")


async def ingest(context: TrafficContext) -> None:
    """Send a repository to the edge worker."""
    await context.request("POST", f"/api/v1/ingestion/ingest/{context.rng.choice(REPOSITORIES)}")


async def embed(context: TrafficContext) -> None:
    """Have missing sparse embeddings computed; a mistyped id is a server error, as in the watched backend."""
    wanted = ["not-a-uuid"] if context.rng.random() < 0.1 else [context.resource()]
    await context.request("POST", "/admin/sparse-embeddings/generate", json={"resource_ids": wanted})


async def view_monitoring(context: TrafficContext) -> None:
    """Look at a monitoring page, as someone always does."""
    await asyncio.gather(
        context.request("GET", "/api/monitoring/performance"),
        context.request("GET", "/api/monitoring/events"),
    )


VISITS: tuple[tuple[int, Visit], ...] = (
    (220, read), (90, search), (70, interact), (50, recommend), (40, search_hybrid), (35, browse_graph), (35,
    collect), (30, suggest), (30, view_quality), (25, view_citations), (25, classify), (25,
    read_annotations), (20, update),
    (20, annotate), (20, curate), (18, create), (12, sign_in), (8, view_monitoring), (5, ingest), (4, embed),
)  # fmt: skip
