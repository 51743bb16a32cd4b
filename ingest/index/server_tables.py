"""The tables that only a catalog on PostgreSQL has, beside those of `tables`; `migrations` creates both."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ingest.index.tables import String, tables

server_tables = sa.MetaData()
# The words of the passages: `length` counts all, `counts` each of them by its field weights.
terms = sa.Table(
    "terms",
    server_tables,
    sa.Column("passage", sa.ForeignKey(tables.tables["passages"].c.id), primary_key=True, autoincrement=False),
    sa.Column("words", postgresql.TSVECTOR, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),
    sa.Column("counts", postgresql.JSONB, nullable=False),
    sa.Index("terms_words", "words", postgresql_using="gin"),
)
vocabulary = sa.Table(
    "vocabulary",
    server_tables,
    sa.Column("term", String, primary_key=True),
    sa.Column("passages", sa.BigInteger, nullable=False),
)
# The only row: the number of passages, and of the words in all of them.
totals = sa.Table(
    "totals",
    server_tables,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("passages", sa.BigInteger, nullable=False),
    sa.Column("words", sa.BigInteger, nullable=False),
)
# What is a small file beside an embedded catalog: conversations, accounts, test prompts and the like.
kept = sa.Table(
    "kept",
    server_tables,
    sa.Column("name", String, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
