"""What a page says after something was done; the address carries only a key, never the words."""

_NOTICES = {
    "signed-out": "You have signed out.",
    "queued": "The repository was queued.",
    "already-queued": "This repository was already queued; this is its job.",
    "cancelled": "The job was cancelled.",
    "cancelling": "The job was asked to stop; it ends within seconds.",
    "retried": "The job was queued again as a new one.",
    "acknowledged": "The alert was acknowledged.",
    "taken-back": "The alert is no longer acknowledged.",
    "levels-set": "The levels were set; they are in force within two seconds.",
    "levels-set-back": "The file's levels are in force again within two seconds.",
    "generating": "Sparse embeddings are being generated.",
}


def notice_text(key: str) -> str:
    """Return the sentence for a key, or nothing for an unknown one."""
    return _NOTICES.get(key, "")
