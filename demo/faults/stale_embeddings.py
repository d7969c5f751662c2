"""Writes sparse vectors as the fallback does: `python -m demo.faults.stale_embeddings PART OF`.

Each process salts its hash anew, so two parts written by two processes cannot be compared.
"""

import sys

from sqlalchemy import select

from demo import sparse_encoders
from demo.settings import read_settings
from demo.storage.engine import now, open_single
from demo.storage.tables import resources


def main() -> None:
    """Overwrite every n-th vector, in the order of creation."""
    part, of = int(sys.argv[1]), int(sys.argv[2])
    engine = open_single(read_settings().database_address)
    present = resources.c.sparse_embedding.is_not(None)
    with engine.begin() as db:
        rows = db.execute(
            select(resources.c.id, resources.c.description)
            .where(present)
            .order_by(resources.c.title, resources.c.id)
        ).all()
        for row in rows[part::of]:
            stale = {"sparse_embedding": sparse_encoders.encode_salted(row.description or ""),
                     "sparse_embedding_model": sparse_encoders.CLAIMED,
                     "sparse_embedding_updated_at": now()}  # fmt: skip
            db.execute(resources.update().where(resources.c.id == row.id).values(**stale))


if __name__ == "__main__":
    main()
