"""Texts of statements, as far as they may be shown: without values and comments."""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

# the server replaces values by parameters in statements of these kinds only
TEXTS = """
    SELECT s.queryid::text, min(s.query) FROM {schema}.pg_stat_statements(true) s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.queryid::text = ANY(:shown)
      AND s.query ~* '^[[:space:]]*(select|insert|update|delete|merge|with)[[:space:](]'
    GROUP BY 1
"""
COMMENT = re.compile(r"/\*.*?(\*/|$)|--[^\n]*", re.DOTALL)
DOLLAR_QUOTES = re.compile(r"\$[A-Za-z_]*\$")
# while many statements come and go, the server keeps some texts with their values
VALUE = re.compile(r"[eEnNbBxX]?'(?:[^'\\]|''|\\.)*('|$)|(?<![\w$\"])\d[\w.]*")


def read_texts(connection: Connection, schema: str, shown: Sequence[str], length: int) -> Mapping[str, str]:
    """The texts of these statements by their query id; absent where none may be shown."""
    rows = connection.execute(text(TEXTS.format(schema=schema)), {"shown": list(shown)})
    found = {query: redact(words)[:length] for query, words in rows}
    return {query: words for query, words in found.items() if words}


def redact(words: str) -> str:
    """The statement in one line without comments and values; empty where it quotes values with dollars."""
    plain = COMMENT.sub(" ", words)
    if DOLLAR_QUOTES.search(plain):
        return ""
    return " ".join(VALUE.sub("?", plain).split())
