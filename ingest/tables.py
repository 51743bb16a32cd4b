"""The catalog's tables, their version, and how an older index gets them."""

import sqlalchemy as sa

from ingest import chunk

SCHEMA_VERSION = f"1.{chunk.VERSION}"

tables = sa.MetaData()
meta = sa.Table("meta", tables, sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.String))
roots = sa.Table(
    "roots",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("path", sa.String, unique=True, nullable=False),
    sa.Column("description", sa.JSON, nullable=False),
)
documents = sa.Table(
    "documents",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("root", sa.ForeignKey("roots.id"), nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("url", sa.String),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sha", sa.String, nullable=False),
    sa.Column("verbatim", sa.Boolean, nullable=False),
    sa.Column("page_starts", sa.JSON, nullable=False),
    sa.Column("headings", sa.JSON, nullable=False),
    sa.Column("blocks", sa.JSON, nullable=False),
    sa.UniqueConstraint("root", "source"),
)
passages = sa.Table(
    "passages",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("document", sa.ForeignKey("documents.id"), nullable=False, index=True),
    sa.Column("place", sa.String, unique=True, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("heading", sa.JSON, nullable=False),
    sa.Column("sentences", sa.JSON, nullable=False),
    sa.Column("sha", sa.String, nullable=False, index=True),
)
runs = sa.Table(
    "runs",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started", sa.String, nullable=False),
    sa.Column("finished", sa.String, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
)
# Words are analysed by ingest.terms, so FTS5 has only to split them at spaces again.
TERM_TABLES = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS terms USING fts5"
    "(title, heading, body, tokenize = \"unicode61 remove_diacritics 0 tokenchars '.,_'\")",
    "CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab('terms', 'row')",
)
